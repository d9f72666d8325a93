type t = float

let metres length = length

let factor = function
  | "m" -> Some 1.0
  | "ft" -> Some 0.3048
  | "mi" -> Some 1609.344
  | _ -> None

let of_string text =
  match String.split_on_char ' ' text with
  | [number; unit] -> (
      match (float_of_string_opt number, factor unit) with
      | Some number, Some factor -> Some (number *. factor)
      | _ -> None)
  | _ -> None

let add = ( +. )

let to_string = Printf.sprintf "%.2f m"
