let () =
  let texts = List.tl (Array.to_list Sys.argv) in
  Printf.printf "%d words\n" (List.length (List.concat_map Text.words texts))
