let candidates grid cell =
  let taken = List.map (Grid.get grid) (Grid.peers cell) in
  List.filter (fun value -> not (List.mem value taken)) [ 1; 2; 3; 4; 5; 6; 7; 8; 9 ]

(* The unknown cell with the fewest candidates: it leads to the smallest search. *)
let hardest grid =
  let better best cell =
    if Grid.get grid cell <> 0 then best
    else
      let values = candidates grid cell in
      match best with Some (_, others) when List.compare_lengths others values <= 0 -> best | _ -> Some (cell, values)
  in
  List.fold_left better None (List.init 81 Fun.id)

let rec solve grid =
  match hardest grid with
  | None -> Some grid
  | Some (cell, values) ->
      let attempt found value = if found = None then solve (Grid.set grid cell value) else found in
      List.fold_left attempt None values
