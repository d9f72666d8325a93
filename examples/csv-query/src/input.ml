(** Whole files. *)

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
