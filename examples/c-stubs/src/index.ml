(* How busy this machine is. *)

external percent : float -> int -> int = "example_percent"

let () =
  let name = Machine.Info.name () and processors = Machine.Info.processors () in
  let one, five, fifteen = Machine.Info.load () in
  Printf.printf "%s has %d processors\n" name processors;
  List.iter
    (fun (minutes, load) -> Printf.printf "%2d min  %6.2f  %3d%%\n" minutes load (percent load processors))
    [ (1, one); (5, five); (15, fifteen) ]
