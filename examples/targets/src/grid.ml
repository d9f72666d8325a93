type t = string (* 81 characters; character [i] is the digit of cell [i] *)

let digit c = Char.code c - Char.code '0'

let parse text =
  let known = function '.' -> Some '0' | '0' .. '9' as c -> Some c | _ -> None in
  let cells = String.of_seq (Seq.filter_map known (String.to_seq text)) in
  if String.length cells < 81 then Error (Printf.sprintf "%d cells instead of 81" (String.length cells))
  else Ok (String.sub cells 0 81)

let get grid cell = digit grid.[cell]
let set grid cell value = String.mapi (fun i c -> if i = cell then Char.chr (value + Char.code '0') else c) grid

let sees a b =
  a <> b && (a / 9 = b / 9 || a mod 9 = b mod 9 || (a / 27 = b / 27 && a mod 9 / 3 = b mod 9 / 3))

let all = List.init 81 Fun.id
let table = Array.init 81 (fun cell -> List.filter (sees cell) all)
let peers cell = table.(cell)

let pairs = List.concat (List.map (fun cell -> List.map (fun peer -> (cell, peer)) (peers cell)) all)
let conflict grid = List.find_opt (fun (a, b) -> get grid a <> 0 && get grid a = get grid b) pairs

let to_string grid =
  let row i = String.concat " " (List.init 9 (fun j -> String.make 1 grid.[(9 * i) + j])) in
  String.concat "\n" (List.init 9 row) ^ "\n"
