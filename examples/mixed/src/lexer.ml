type token = Number of float | Name of string | Symbol of char

exception Unexpected of { position : int; character : char }

let tokens text =
  let rec stop is_wanted i = if i < String.length text && is_wanted text.[i] then stop is_wanted (i + 1) else i in
  let slice first last = String.sub text first (last - first) in
  let rec go i =
    if i >= String.length text then []
    else
      match text.[i] with
      | ' ' | '\t' | '\n' -> go (i + 1)
      | '0' .. '9' | '.' ->
          let last = stop (function '0' .. '9' | '.' -> true | _ -> false) i in
          Number (float_of_string (slice i last)) :: go last
      | 'a' .. 'z' | 'A' .. 'Z' ->
          let last = stop (function 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' | '_' -> true | _ -> false) i in
          Name (slice i last) :: go last
      | ('+' | '-' | '*' | '/' | '^' | '(' | ')') as symbol -> Symbol symbol :: go (i + 1)
      | character -> raise (Unexpected { position = i + 1; character })
  in
  go 0
