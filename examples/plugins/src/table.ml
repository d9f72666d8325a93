let names rows = List.concat_map (List.map fst) rows |> List.sort_uniq compare
let value row name = Option.value (List.assoc_opt name row) ~default:""

let print rows =
  let names = names rows in
  let line cells = String.concat " | " (List.map (Printf.sprintf "%-8s") cells) ^ "\n" in
  String.concat "" (line names :: List.map (fun row -> line (List.map (value row) names)) rows)

let () = Registry.register "table" print
