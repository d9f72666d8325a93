(* check < SUDOKU: whether some digit is twice in a row, a column or a box. *)

let place cell = Printf.sprintf "row %d, column %d" ((cell / 9) + 1) ((cell mod 9) + 1)

let () =
  match Grid.conflict (Input.grid "check") with
  | None -> print_endline "no conflict"
  | Some (first, second) ->
      Printf.printf "the same digit at %s and at %s\n" (place first) (place second);
      exit 1
