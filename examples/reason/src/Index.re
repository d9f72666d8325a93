/* word-count [N]: the N (10) most frequent words of standard input. */

let rec readLines = lines =>
  switch (read_line()) {
  | line => readLines([line, ...lines])
  | exception End_of_file => List.rev(lines)
  };

let rec take = (n, list) =>
  switch (list) {
  | [first, ...rest] when n > 0 => [first, ...take(n - 1, rest)]
  | _ => []
  };

let () = {
  let count =
    switch (Sys.argv) {
    | [|_|] => Some(10)
    | [|_, text|] => int_of_string_opt(text)
    | _ => None
    };
  switch (count) {
  | Some(n) =>
    String.concat("\n", readLines([]))
    |> Words.split
    |> Words.frequencies
    |> take(n)
    |> Chart.bars
    |> List.iter(print_endline)
  | None =>
    prerr_endline("usage: word-count [N] < TEXT");
    exit(2);
  };
};
