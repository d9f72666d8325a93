let () =
  let texts = List.tl (Array.to_list Sys.argv) in
  Printf.printf "%d words\n" (List.length (Text.words (String.concat " " texts)))
