(* convert-units NUMBER UNIT: the quantity in all units of its kind. *)

let () =
  match Sys.argv with
  | [| _; number; symbol |] -> (
      match (float_of_string_opt number, Known_units.group symbol) with
      | Some number, Some units -> List.iter print_endline (MyReport.lines number symbol units)
      | _ ->
          prerr_endline "convert-units: no such number or unit";
          exit 1)
  | _ ->
      prerr_endline "usage: convert-units NUMBER UNIT";
      exit 2
