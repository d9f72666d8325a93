(* calculator EXPRESSION: its value. *)

let fail message =
  prerr_endline ("calculator: " ^ message);
  exit 1

let () =
  match List.tl (Array.to_list Sys.argv) with
  | [] ->
      prerr_endline "usage: calculator '2 * (3 + 4) ^ 2'";
      exit 2
  | words -> (
      try Printf.printf "%g\n" (Evaluate.value (Parser.parse (String.concat " " words))) with
      | Parser.Error message -> fail message
      | Evaluate.Unknown name -> fail (name ^ " is not known, only pi and e are"))
