type t =
  | Heading of int * string
  | Paragraph of string
  | Code of { language : string; lines : string list }
  | Quote of t list
  | Items of { first_number : int option; tight : bool; items : t list list }
  | Rule

let from line at = String.sub line at (String.length line - at)
let is_blank line = String.trim line = ""

let indent line =
  let rec go i = if i < String.length line && line.[i] = ' ' then go (i + 1) else i in
  go 0

let count c line =
  let rec go i = if i < String.length line && line.[i] = c then go (i + 1) else i in
  go 0

(* The lines up to the first one that is not [wanted], and the rest from that one on. *)
let rec span wanted = function
  | line :: rest when wanted line ->
      let taken, left = span wanted rest in
      (line :: taken, left)
  | lines -> ([], lines)

let heading line =
  let level = count '#' line in
  if level >= 1 && level <= 6 && (String.length line = level || line.[level] = ' ') then
    Some (level, String.trim (from line level))
  else None

let is_rule line =
  match List.filter (fun c -> c <> ' ') (List.of_seq (String.to_seq line)) with
  | (('-' | '*' | '_') as c) :: _ :: _ :: _ as all -> List.for_all (Char.equal c) all
  | _ -> false

let fence line =
  let line = String.trim line in
  let long c = count c line >= 3 in
  if long '`' then Some '`' else if long '~' then Some '~' else None

type marker = { kind : char; number : int option; width : int }

(* The marker of a list item: a bullet, or a number with a dot; [width] is where its text starts. *)
let marker line =
  let start = indent line in
  let rest = from line start in
  let digits = List.length (fst (span (fun c -> c >= '0' && c <= '9') (List.of_seq (String.to_seq rest)))) in
  let followed_by_space at = String.length rest = at || rest.[at] = ' ' in
  let width at = start + at + max 1 (min 4 (indent (from rest at))) in
  if rest = "" || is_rule line then None
  else if String.contains "-*+" rest.[0] && followed_by_space 1 then
    Some { kind = rest.[0]; number = None; width = width 1 }
  else if digits > 0 && digits <= 9 && String.length rest > digits && rest.[digits] = '.' && followed_by_space (digits + 1)
  then Some { kind = '.'; number = int_of_string_opt (String.sub rest 0 digits); width = width (digits + 1) }
  else None

let is_quote line = count '>' (String.trim line) > 0
let interrupts line = heading line <> None || is_rule line || fence line <> None || is_quote line || marker line <> None

let unquote line =
  let line = from line (String.index line '>' + 1) in
  if indent line > 0 then from line 1 else line

(* The lines of a list item: those that are indented like its text, and blank ones between them. *)
let rec item_lines width = function
  | line :: rest when indent line >= width && not (is_blank line) ->
      let taken, left = item_lines width rest in
      (from line width :: taken, left)
  | line :: rest when is_blank line -> (
      match item_lines width rest with
      | [], _ -> ([], line :: rest)
      | taken, left -> ("" :: taken, left))
  | lines -> ([], lines)

let rec parse = function
  | [] -> []
  | line :: rest when is_blank line -> parse rest
  | line :: rest -> (
      match (heading line, fence line, marker line) with
      | Some (level, text), _, _ -> Heading (level, text) :: parse rest
      | _, Some mark, _ -> code line mark rest
      | _ when is_rule line -> Rule :: parse rest
      | _ when is_quote line ->
          let quoted, left = span is_quote (line :: rest) in
          Quote (parse (List.map unquote quoted)) :: parse left
      | _, _, Some found -> items found (line :: rest)
      | _ -> paragraph line rest)

and paragraph line rest =
  let more, left = span (fun line -> not (is_blank line || interrupts line)) rest in
  let lines = List.map (fun line -> from line (indent line)) (line :: more) in
  Paragraph (String.concat "\n" lines) :: parse left

and code line mark rest =
  let start = indent line in
  let language = String.trim (from line (start + count mark (from line start))) in
  let closes line = fence line = Some mark && count mark (String.trim line) = String.length (String.trim line) in
  let lines, left = span (fun line -> not (closes line)) rest in
  let outdent line = from line (min start (indent line)) in
  let left = match left with _closing :: left -> left | [] -> [] in
  Code { language; lines = List.map outdent lines } :: parse left

and items first lines =
  let rec go lines =
    match lines with
    | line :: rest -> (
        match marker line with
        | Some found when found.kind = first.kind ->
            let text = if String.length line <= found.width then "" else from line found.width in
            let more, left = item_lines found.width rest in
            let blank, next = span is_blank left in
            let others, left = go next in
            (* Blank lines after the last item do not belong to it. *)
            let separated = blank <> [] && others <> [] in
            (((text :: more), separated) :: others, left)
        | _ -> ([], lines))
    | [] -> ([], [])
  in
  let found, left = go lines in
  let tight = not (List.exists (fun (lines, separated) -> separated || List.mem "" (List.tl lines)) found) in
  Items { first_number = first.number; tight; items = List.map (fun (lines, _) -> parse lines) found } :: parse left
