(* Prints the sum of the lengths in its arguments. *)
open Units

let length word =
  match Length.of_string word with
  | Some length -> length
  | None ->
      prerr_endline (word ^ " is no length");
      exit 2

let () =
  let words = List.tl (Array.to_list Sys.argv) in
  let sum = List.fold_left Length.add (Length.metres 0.) (List.map length words) in
  print_endline (Length.to_string sum)
