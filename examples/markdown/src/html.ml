let escape text =
  let out = Buffer.create (String.length text + 16) in
  String.iter
    (function
      | '&' -> Buffer.add_string out "&amp;"
      | '<' -> Buffer.add_string out "&lt;"
      | '>' -> Buffer.add_string out "&gt;"
      | '"' -> Buffer.add_string out "&quot;"
      | c -> Buffer.add_char out c)
    text;
  Buffer.contents out

let attribute (name, value) = Printf.sprintf " %s=\"%s\"" name (escape value)

let attributes_of list = String.concat "" (List.map attribute list)
let element tag ?(attributes = []) content = Printf.sprintf "<%s%s>%s</%s>" tag (attributes_of attributes) content tag
let empty tag attributes = Printf.sprintf "<%s%s />" tag (attributes_of attributes)
