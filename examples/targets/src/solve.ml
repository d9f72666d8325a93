(* solve < SUDOKU: the solution. *)

let () =
  let grid = Input.grid "solve" in
  match if Grid.conflict grid = None then Solver.solve grid else None with
  | Some solution -> print_string (Grid.to_string solution)
  | None ->
      prerr_endline "solve: there is no solution";
      exit 1
