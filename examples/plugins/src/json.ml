let cell (name, value) = Quoted.text name ^ ": " ^ Quoted.text value
let row cells = "  {" ^ String.concat ", " (List.map cell cells) ^ "}"
let () = Registry.register "json" (fun rows -> "[\n" ^ String.concat ",\n" (List.map row rows) ^ "\n]\n")
