(* A condition on one line of a log: fields with values. *)

type comparison = Equal | Different | Contains

type t =
  | Compare of string * comparison * string
  | At_least of string  (* a level *)
  | Not of t
  | And of t * t
  | Or of t * t

let level name =
  let rec position at = function
    | [] -> None
    | first :: rest -> if first = name then Some at else position (at + 1) rest
  in
  position 0 Levels.names

let contains part text =
  let length = String.length part in
  let rec at i = i + length <= String.length text && (String.sub text i length = part || at (i + 1)) in
  at 0

let rec matches fields = function
  | Compare (field, comparison, wanted) -> (
      let value = Option.value (List.assoc_opt field fields) ~default:"" in
      match comparison with
      | Equal -> value = wanted
      | Different -> value <> wanted
      | Contains -> contains wanted value)
  | At_least wanted -> (
      match (Option.bind (List.assoc_opt "level" fields) level, level wanted) with
      | Some found, Some least -> found >= least
      | _ -> false)
  | Not query -> not (matches fields query)
  | And (a, b) -> matches fields a && matches fields b
  | Or (a, b) -> matches fields a || matches fields b
