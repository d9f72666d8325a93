(* log-filter FILTER FILE: prints the lines of a log that a filter selects. *)

let query text =
  let buffer = Lexing.from_string text in
  let wrong what =
    Printf.eprintf "the filter is wrong at character %d: %s\n" (Lexing.lexeme_start buffer + 1) what;
    exit 1
  in
  try Parser.filter Lexer.token buffer with
  | Parser.Error -> wrong (Printf.sprintf "%S is not expected here" (Lexing.lexeme buffer))
  | Lexer.Error other -> wrong (Printf.sprintf "%C means nothing" other)

let () =
  if Array.length Sys.argv <> 3 then (
    prerr_endline ("usage: log-filter FILTER FILE\nlevels: " ^ String.concat ", " Levels.names);
    exit 2);
  let query = query Sys.argv.(1) in
  let input = open_in Sys.argv.(2) in
  try
    while true do
      let line = input_line input in
      if Query.matches (Lexer.fields [] (Lexing.from_string line)) query then print_endline line
    done
  with End_of_file -> close_in input
