open UnitConversion

let all = [ Quantity.make "in" 0.0254; Quantity.make "ft" 0.3048; Quantity.make "mi" 1609.344 ]
