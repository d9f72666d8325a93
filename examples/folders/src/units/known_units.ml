(** The groups of units that convert into each other. *)

let groups = [ Metric.all @ Imperial.all; Weight.all ]
let group symbol = List.find_opt (List.exists (fun unit -> unit.UnitConversion.Quantity.symbol = symbol)) groups
