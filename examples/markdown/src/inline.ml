let is_space c = c = ' ' || c = '\n' || c = '\t'
let is_word c = match c with 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' | '\128' .. '\255' -> true | _ -> false

let is_punctuation c =
  match c with '!' .. '/' | ':' .. '@' | '[' .. '`' | '{' .. '~' -> true | _ -> false

(* Whether [text] has [part] at [at]. *)
let has text part at =
  at + String.length part <= String.length text && String.sub text at (String.length part) = part

(* How often [c] is repeated, starting at [at]. *)
let run text c at =
  let rec go i = if i < String.length text && text.[i] = c then go (i + 1) else i - at in
  go at

(* The first [i >= from] for which [found i], if any; an escaped character is passed over. *)
let rec search text from found =
  if from >= String.length text then None
  else if found from then Some from
  else search text (if text.[from] = '\\' then from + 2 else from + 1) found

(* The closing [close] for the bracket before [from]; brackets nest. *)
let closing text opening close from =
  let rec go i depth =
    if i >= String.length text then None
    else if text.[i] = '\\' then go (i + 2) depth
    else if text.[i] = close then if depth = 0 then Some i else go (i + 1) (depth - 1)
    else go (i + 1) (if text.[i] = opening then depth + 1 else depth)
  in
  go from 0

let slice text first last = String.sub text first (last - first)

let closes text mark i =
  let after = i + String.length mark in
  has text mark i
  && (not (is_space text.[i - 1]))
  && (String.length mark = 2 || (not (has text mark after) && text.[i - 1] <> mark.[0]))
  && (mark.[0] = '*' || after >= String.length text || not (is_word text.[after]))

let opens text mark at =
  let after = at + String.length mark in
  has text mark at
  && after < String.length text
  && (not (is_space text.[after]))
  && (mark.[0] = '*' || at = 0 || not (is_word text.[at - 1]))

let rec render text =
  let out = Buffer.create (String.length text * 2) in
  let rec go at =
    if at < String.length text then
      match markup text at with
      | Some (html, next) ->
          Buffer.add_string out html;
          go next
      | None ->
          Buffer.add_string out (Html.escape (String.make 1 text.[at]));
          go (at + 1)
  in
  go 0;
  Buffer.contents out

(* The HTML of the markup that starts at [at], and where it ends. *)
and markup text at =
  match text.[at] with
  | '\\' when at + 1 < String.length text && is_punctuation text.[at + 1] ->
      Some (Html.escape (String.make 1 text.[at + 1]), at + 2)
  | '`' -> code text at
  | '!' when has text "![" at -> link text (at + 1) image
  | '[' -> link text at anchor
  | '<' -> autolink text at
  | ' ' when has text "  \n" at -> Some ("<br />\n", at + 3)
  | '*' -> first_of [ emphasis "**" "strong"; emphasis "*" "em" ] text at
  | '_' -> first_of [ emphasis "__" "strong"; emphasis "_" "em" ] text at
  | _ -> None

and first_of choices text at =
  List.fold_left (fun found choice -> if found = None then choice text at else found) None choices

and emphasis mark tag text at =
  let inner = at + String.length mark in
  if not (opens text mark at) then None
  else
    search text (inner + 1) (closes text mark)
    |> Option.map (fun last -> (Html.element tag (render (slice text inner last)), last + String.length mark))

and code text at =
  let ticks = run text '`' at in
  let rec close i =
    match String.index_from_opt text i '`' with
    | None -> None
    | Some i when run text '`' i = ticks -> Some i
    | Some i -> close (i + run text '`' i)
  in
  close (at + ticks)
  |> Option.map (fun last ->
         let inner = String.trim (slice text (at + ticks) last) in
         (Html.element "code" (Html.escape inner), last + ticks))

and link text at make =
  match closing text '[' ']' (at + 1) with
  | Some close when has text "(" (close + 1) ->
      closing text '(' ')' (close + 2)
      |> Option.map (fun last -> (make (slice text (at + 1) close) (slice text (close + 2) last), last + 1))
  | _ -> None

(* [url "title"], the text between the parentheses. *)
and destination text =
  let text = String.trim text in
  match String.index_opt text ' ' with
  | Some i when text.[String.length text - 1] = '"' && has text "\"" (i + 1) ->
      (String.sub text 0 i, [ ("title", slice text (i + 2) (String.length text - 1)) ])
  | _ -> (text, [])

and anchor label target =
  let url, title = destination target in
  Html.element "a" ~attributes:(("href", url) :: title) (render label)

and image label target =
  let url, title = destination target in
  Html.empty "img" (("src", url) :: ("alt", label) :: title)

and autolink text at =
  match String.index_from_opt text at '>' with
  | Some last when List.exists (fun scheme -> has text scheme (at + 1)) [ "http://"; "https://"; "mailto:" ] ->
      let url = slice text (at + 1) last in
      if search url 0 (fun i -> is_space url.[i]) <> None then None
      else Some (Html.element "a" ~attributes:[ ("href", url) ] (Html.escape url), last + 1)
  | _ -> None
