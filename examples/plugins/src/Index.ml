(* Prints a list of records in a format that a plugin implements: app.out PLUGIN FILE *)

let row line =
  String.split_on_char ',' line
  |> List.map (fun cell ->
         match String.index_opt cell '=' with
         | Some at -> (String.trim (String.sub cell 0 at), String.sub cell (at + 1) (String.length cell - at - 1))
         | None -> failwith (Printf.sprintf "%S is no name=value" cell))

let rec lines channel = match input_line channel with line -> line :: lines channel | exception End_of_file -> []

let () =
  match Sys.argv with
  | [| _; plugin; file |] ->
    (try Dynlink.loadfile plugin with Dynlink.Error error -> failwith (Dynlink.error_message error));
    let channel = open_in file in
    let rows = List.map row (lines channel) in
    close_in channel;
    Hashtbl.iter (fun _ print -> print_string (print rows)) Registry.formats
  | _ -> prerr_endline "usage: app.out PLUGIN FILE"; exit 2
