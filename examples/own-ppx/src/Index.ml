(* A timetable. The texts in [%duration ...] are parsed at compile time. *)

let stops =
  [ ("Oslo", [%duration "0m"]); ("Hamar", [%duration "1h17m"]); ("Lillehammer", [%duration "2h5m"]);
    ("Dombås", [%duration "4h2m30s"]) ]

let clock seconds = Printf.sprintf "%02d:%02d" (seconds / 3600 mod 24) (seconds / 60 mod 60)

let () =
  let start = [%duration "8h2m"] in
  List.iter (fun (name, after) -> Printf.printf "%s  %s\n" (clock (start + after)) name) stops
