(** A document as HTML. *)

let rec block ~tight = function
  | Block.Heading (level, text) -> Html.element (Printf.sprintf "h%d" level) (Inline.render text)
  | Paragraph text -> if tight then Inline.render text else Html.element "p" (Inline.render text)
  | Code { language; lines } ->
      let attributes = if language = "" then [] else [ ("class", "language-" ^ language) ] in
      let text = String.concat "" (List.map (fun line -> line ^ "\n") lines) in
      Html.element "pre" (Html.element "code" ~attributes (Html.escape text))
  | Quote inner -> Html.element "blockquote" ("\n" ^ blocks inner)
  | Items { first_number; tight; items } ->
      let tag, attributes =
        match first_number with
        | None -> ("ul", [])
        | Some 1 -> ("ol", [])
        | Some number -> ("ol", [ ("start", string_of_int number) ])
      in
      Html.element tag ~attributes ("\n" ^ String.concat "" (List.map (item ~tight) items))
  | Rule -> "<hr />"

and item ~tight inner =
  let html =
    match inner with
    | [ (Block.Paragraph _ as only) ] when tight -> block ~tight only
    | (Block.Paragraph _ as first) :: rest when tight -> block ~tight first ^ "\n" ^ blocks rest
    | _ -> "\n" ^ blocks inner
  in
  Html.element "li" html ^ "\n"

and blocks inner = String.concat "" (List.map (fun b -> block ~tight:false b ^ "\n") inner)

let html text = blocks (Block.parse (String.split_on_char '\n' text))
