(* Prints a module with the lines of a file as a list, in which a level is found by its name. *)

let () =
  let path = Sys.argv.(1) in
  let input = open_in path in
  let rec lines () = match input_line input with line -> line :: lines () | exception End_of_file -> [] in
  Printf.printf "(* made from %s *)\n\nlet names = [ %s ]\n" path
    (String.concat "; " (List.map (Printf.sprintf "%S") (lines ())))
