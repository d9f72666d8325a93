let show line =
  match Units.Length.of_string line with
  | Some length -> print_endline (Units.Length.to_string length)
  | None -> print_endline (line ^ " is no length")

let () = try while true do show (input_line stdin) done with End_of_file -> ()
