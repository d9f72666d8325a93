open UnitConversion

let pair number from into =
  let value = Convert.value ~from ~into number in
  let roman =
    if Float.is_integer value && value >= 1. && value < 4000. then " = " ^ RomanNumerals.Roman.of_int (int_of_float value)
    else ""
  in
  (into.Quantity.symbol, NumberFormat.Short.text value ^ roman)

let lines number symbol units =
  let from = List.find (fun unit -> unit.Quantity.symbol = symbol) units in
  Text_table.lines (List.map (pair number from) units)
