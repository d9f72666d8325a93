let isLetter = c =>
  switch (c) {
  | 'a'..'z'
  | '\128'..'\255' => true
  | _ => false
  };

let split = text => {
  let text = String.lowercase_ascii(text);
  let length = String.length(text);
  let isInside = i =>
    isLetter(text.[i])
    || text.[i] == '\''
    && i > 0
    && isLetter(text.[i - 1])
    && i + 1 < length
    && isLetter(text.[i + 1]);
  let rec go = (first, i, found) =>
    if (i < length && isInside(i)) {
      go(first, i + 1, found);
    } else {
      let found = i > first ? [String.sub(text, first, i - first), ...found] : found;
      i < length ? go(i + 1, i + 1, found) : List.rev(found);
    };
  go(0, 0, []);
};

let frequencies = words => {
  let counts = Hashtbl.create(1024);
  let count = word =>
    Hashtbl.replace(counts, word, 1 + Option.value(Hashtbl.find_opt(counts, word), ~default=0));
  List.iter(count, words);
  let compare = ((word, n), (word', n')) => n == n' ? String.compare(word, word') : n' - n;
  List.sort(compare, Hashtbl.fold((word, n, all) => [(word, n), ...all], counts, []));
};
