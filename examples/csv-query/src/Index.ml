(* csv-query QUERY [FILE]: the answer of a query to a CSV file, or to standard input, as CSV. *)

let fail message =
  prerr_endline ("csv-query: " ^ message);
  exit 1

let answer query text =
  let table = CsvFormat.Reader.of_string text in
  try CsvFormat.Writer.to_string (QueryLanguage.Eval.run query table)
  with Tabular.Table.Unknown_column name ->
    let columns = String.concat ", " (Array.to_list table.header) in
    fail (Printf.sprintf "there is no column %s, but: %s" name columns)

let run query file =
  try
    let query = QueryLanguage.Parser.parse query in
    print_string (answer query (match file with None -> Input.read stdin | Some path -> Input.read_file path))
  with
  | QueryLanguage.Parser.Error message -> fail message
  | CsvFormat.Reader.Malformed { line; message } ->
      fail (Printf.sprintf "%s:%d: %s" (Option.value file ~default:"standard input") line message)
  | Sys_error message -> fail message

let () =
  match Array.to_list Sys.argv with
  | [ _; query ] -> run query None
  | [ _; query; file ] -> run query (Some file)
  | _ ->
      prerr_endline
        "usage: csv-query \"select name, age where age > 30 and name like 'A%' order by age desc limit 5\" [FILE]";
      exit 2
