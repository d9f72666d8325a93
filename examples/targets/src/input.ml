let rec lines () = match read_line () with line -> line :: lines () | exception End_of_file -> []

(** The Sudoku on standard input; the program ends if there is none. *)
let grid name =
  match Grid.parse (String.concat "\n" (lines ())) with
  | Ok grid -> grid
  | Error message ->
      prerr_endline (name ^ ": " ^ message);
      exit 2
