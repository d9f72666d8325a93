(* markdown [FILE ...]: the files, or standard input, as HTML on standard output. *)

let read channel =
  let buffer = Buffer.create 65536 in
  let chunk = Bytes.create 65536 in
  let rec go () =
    match input channel chunk 0 (Bytes.length chunk) with
    | 0 -> Buffer.contents buffer
    | length ->
        Buffer.add_subbytes buffer chunk 0 length;
        go ()
  in
  go ()

let read_file path =
  let channel = open_in_bin path in
  Fun.protect ~finally:(fun () -> close_in channel) (fun () -> read channel)

let without_returns text = String.concat "" (String.split_on_char '\r' text)

let () =
  let texts =
    match List.tl (Array.to_list Sys.argv) with
    | [] -> [ read stdin ]
    | [ "--help" ] ->
        print_endline "usage: markdown [FILE ...]\nWrites the files, or standard input, as HTML.";
        exit 0
    | files -> (
        try List.map read_file files
        with Sys_error message ->
          prerr_endline ("markdown: " ^ message);
          exit 1)
  in
  List.iter (fun text -> print_string (Render.html (without_returns text))) texts
