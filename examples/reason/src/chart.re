let bars = (~width=40, counts) => {
  let greatest = List.fold_left((found, (_, n)) => max(found, n), 1, counts);
  let column = List.fold_left((found, (word, _)) => max(found, String.length(word)), 0, counts);
  let bar = ((word, n)) =>
    Printf.sprintf("%-*s %5d %s", column, word, n, String.make(n * width / greatest, '#'));
  List.map(bar, counts);
};
