(* From the syntax trees of OCaml 4.06, which refmt 3.6 writes, to those of 4.08, the oldest that ppxlib reads since 0.35.

   A tree is a value of which only the shape is known here. The tables below list the parts of each type of 4.06
   (its parsing/parsetree.mli), in the order of its fields and constructors; differences in 4.08 are handled by
   the function in a [Changed]. Parts that only 4.08 has, such as the location of an attribute, are copied from a
   neighbouring part. *)

type shape =
  | Same  (* equal in both versions *)
  | List of shape
  | Option of shape
  | Fields of shape list  (* a record or a tuple *)
  | Cases of shape list list  (* a variant: the arguments of each constructor that has some *)
  | Changed of (Obj.t -> Obj.t) * shape  (* from the value with converted parts to that of 4.08 *)
  | Type of shape Lazy.t

let block tag fields =
  let made = Obj.new_block tag (List.length fields) in
  List.iteri (Obj.set_field made) fields;
  made

let field number value = Obj.field value number
let none = Obj.repr 0
let nil = Obj.repr 0

let rec convert shape value =
  match shape with
  | Same -> value
  | Type shape -> convert (Lazy.force shape) value
  | List shape -> Obj.repr (List.rev (List.rev_map (convert shape) (Obj.obj value : Obj.t list)))
  | Option shape -> if Obj.is_int value then none else block 0 [ convert shape (field 0 value) ]
  | Fields shapes -> parts shapes value
  | Cases constructors -> if Obj.is_int value then value else parts (List.nth constructors (Obj.tag value)) value
  | Changed (change, shape) -> change (convert shape value)

and parts shapes value = block (Obj.tag value) (List.mapi (fun number shape -> convert shape (field number value)) shapes)

(* What changed from 4.07 to 4.08; there is no change from 4.06 to 4.07. *)

let fields value = List.init (Obj.size value) (fun number -> field number value)
let location_of_name name = field 1 name

(* (name, payload) -> {attr_name; attr_payload; attr_loc} *)
let attribute value = block 0 [ field 0 value; field 1 value; location_of_name (field 0 value) ]

(* {desc; loc; attributes} -> {desc; loc; loc_stack; attributes}, of types, patterns and expressions *)
let with_stack value = block 0 [ field 0 value; field 1 value; nil; field 2 value ]

(* Rtag (name, attributes, constant, types) | Rinherit type -> {desc; loc; attributes} *)
let row_field value =
  match fields value with
  | [ name; attributes; constant; types ] ->
    block 0 [ block 0 [ name; constant; types ]; location_of_name name; attributes ]
  | inherited -> block 0 [ block 1 inherited; field 1 (List.hd inherited); nil ]

(* Otag (name, attributes, type) | Oinherit type -> {desc; loc; attributes} *)
let object_field value =
  match fields value with
  | [ name; attributes; typ ] -> block 0 [ block 0 [ name; typ ]; location_of_name name; attributes ]
  | inherited -> block 0 [ block 1 inherited; field 1 (List.hd inherited); nil ]

(* {path; params; constructors; private; attributes}: a location before the attributes *)
let type_extension value =
  match fields value with
  | [ path; params; constructors; is_private; attributes ] ->
    block 0 [ path; params; constructors; is_private; location_of_name path; attributes ]
  | _ -> assert false

(* {name; kind; loc; attributes} -> {constructor; loc; attributes}. The compiler looks for a deprecation in the attributes
   of the constructor, and for everything else in those of the exception. *)
let exception_of constructor =
  match fields constructor with
  | [ name; kind; loc; attributes ] ->
    let text attribute = (Obj.obj (field 0 (field 0 attribute)) : string) in
    let is_deprecation attribute = List.mem (text attribute) [ "deprecated"; "ocaml.deprecated" ] in
    let its_own, others = List.partition is_deprecation (Obj.obj attributes : Obj.t list) in
    block 0 [ block 0 [ name; kind; loc; Obj.repr its_own ]; loc; Obj.repr others ]
  | _ -> assert false

(* The name of a module -> the module expression that is this name *)
let named_module name loc = block 0 [ block 0 [ name ]; loc; nil ]

(* override, name -> {expr; override; loc; attributes} *)
let opened expression override name = block 0 [ expression; override; location_of_name name; nil ]

let open_in_structure value =
  match fields value with
  | [ name; override; loc; attributes ] -> block 0 [ named_module name loc; override; loc; attributes ]
  | _ -> assert false

let tag_of_open = 33
let expression_desc value =
  if Obj.is_int value then value
  else match Obj.tag value, fields value with
    | tag, [ override; name; body ] when tag = tag_of_open ->
      block tag [ opened (named_module name (location_of_name name)) override name; body ]
    | tag, parts when tag > tag_of_open -> block (tag + 1) parts  (* Pexp_letop is new *)
    | _ -> value

(* Pcty_open and Pcl_open; the name itself is what they open. *)
let open_in_class tag_of_open value =
  match Obj.tag value, fields value with
  | tag, [ override; name; body ] when tag = tag_of_open -> block tag [ opened name override name; body ]
  | _ -> value

(* Psig_typesubst and Psig_modsubst are new. *)
let signature_item_desc value =
  let tag = Obj.tag value in
  let parts = if tag = 3 then [ exception_of (field 0 value) ] else fields value in
  block (if tag < 2 then tag else if tag < 5 then tag + 1 else tag + 2) parts

let structure_item_desc value =
  match Obj.tag value with
  | 5 -> block 5 [ exception_of (field 0 value) ]
  | 9 -> block 9 [ open_in_structure (field 0 value) ]
  | _ -> value

(* The types, by their names in parsetree.mli *)

let rec attribute_ = Type (lazy (Changed (attribute, extension)))
and attributes = Type (lazy (List attribute_))
and extension = Type (lazy (Fields [ Same; payload ]))
and payload =
  Type (lazy (Cases [ [ structure ]; [ signature ]; [ core_type ]; [ pattern; Option expression ] ]))

and core_type = Type (lazy (Changed (with_stack, Fields [ core_type_desc; Same; attributes ])))
and core_type_desc =
  Type
    (lazy
      (Cases
         [ (* Ptyp_var *) [ Same ];
           (* Ptyp_arrow *) [ Same; core_type; core_type ];
           (* Ptyp_tuple *) [ List core_type ];
           (* Ptyp_constr *) [ Same; List core_type ];
           (* Ptyp_object *) [ List object_field_; Same ];
           (* Ptyp_class *) [ Same; List core_type ];
           (* Ptyp_alias *) [ core_type; Same ];
           (* Ptyp_variant *) [ List row_field_; Same; Same ];
           (* Ptyp_poly *) [ Same; core_type ];
           (* Ptyp_package *) [ package_type ];
           (* Ptyp_extension *) [ extension ] ]))
and package_type = Type (lazy (Fields [ Same; List (Fields [ Same; core_type ]) ]))
and row_field_ =
  Type (lazy (Changed (row_field, Cases [ [ Same; attributes; Same; List core_type ]; [ core_type ] ])))
and object_field_ = Type (lazy (Changed (object_field, Cases [ [ Same; attributes; core_type ]; [ core_type ] ])))

and pattern = Type (lazy (Changed (with_stack, Fields [ pattern_desc; Same; attributes ])))
and pattern_desc =
  Type
    (lazy
      (Cases
         [ (* Ppat_var *) [ Same ];
           (* Ppat_alias *) [ pattern; Same ];
           (* Ppat_constant *) [ Same ];
           (* Ppat_interval *) [ Same; Same ];
           (* Ppat_tuple *) [ List pattern ];
           (* Ppat_construct *) [ Same; Option pattern ];
           (* Ppat_variant *) [ Same; Option pattern ];
           (* Ppat_record *) [ List (Fields [ Same; pattern ]); Same ];
           (* Ppat_array *) [ List pattern ];
           (* Ppat_or *) [ pattern; pattern ];
           (* Ppat_constraint *) [ pattern; core_type ];
           (* Ppat_type *) [ Same ];
           (* Ppat_lazy *) [ pattern ];
           (* Ppat_unpack *) [ Same ];
           (* Ppat_exception *) [ pattern ];
           (* Ppat_extension *) [ extension ];
           (* Ppat_open *) [ Same; pattern ] ]))

and expression = Type (lazy (Changed (with_stack, Fields [ expression_desc_; Same; attributes ])))
and arguments = Type (lazy (List (Fields [ Same; expression ])))
and expression_desc_ =
  Type
    (lazy
      (Changed
         ( expression_desc,
           Cases
             [ (* Pexp_ident *) [ Same ];
               (* Pexp_constant *) [ Same ];
               (* Pexp_let *) [ Same; List value_binding; expression ];
               (* Pexp_function *) [ List case ];
               (* Pexp_fun *) [ Same; Option expression; pattern; expression ];
               (* Pexp_apply *) [ expression; arguments ];
               (* Pexp_match *) [ expression; List case ];
               (* Pexp_try *) [ expression; List case ];
               (* Pexp_tuple *) [ List expression ];
               (* Pexp_construct *) [ Same; Option expression ];
               (* Pexp_variant *) [ Same; Option expression ];
               (* Pexp_record *) [ List (Fields [ Same; expression ]); Option expression ];
               (* Pexp_field *) [ expression; Same ];
               (* Pexp_setfield *) [ expression; Same; expression ];
               (* Pexp_array *) [ List expression ];
               (* Pexp_ifthenelse *) [ expression; expression; Option expression ];
               (* Pexp_sequence *) [ expression; expression ];
               (* Pexp_while *) [ expression; expression ];
               (* Pexp_for *) [ pattern; expression; expression; Same; expression ];
               (* Pexp_constraint *) [ expression; core_type ];
               (* Pexp_coerce *) [ expression; Option core_type; core_type ];
               (* Pexp_send *) [ expression; Same ];
               (* Pexp_new *) [ Same ];
               (* Pexp_setinstvar *) [ Same; expression ];
               (* Pexp_override *) [ List (Fields [ Same; expression ]) ];
               (* Pexp_letmodule *) [ Same; module_expr; expression ];
               (* Pexp_letexception *) [ extension_constructor; expression ];
               (* Pexp_assert *) [ expression ];
               (* Pexp_lazy *) [ expression ];
               (* Pexp_poly *) [ expression; Option core_type ];
               (* Pexp_object *) [ class_structure ];
               (* Pexp_newtype *) [ Same; expression ];
               (* Pexp_pack *) [ module_expr ];
               (* Pexp_open *) [ Same; Same; expression ];
               (* Pexp_extension *) [ extension ] ] )))
and case = Type (lazy (Fields [ pattern; Option expression; expression ]))
and value_binding = Type (lazy (Fields [ pattern; expression; attributes; Same ]))

and value_description = Type (lazy (Fields [ Same; core_type; Same; attributes; Same ]))
and type_parameters = Type (lazy (List (Fields [ core_type; Same ])))
and type_declaration =
  Type
    (lazy
      (Fields
         [ Same;
           type_parameters;
           List (Fields [ core_type; core_type; Same ]);
           type_kind;
           Same;
           Option core_type;
           attributes;
           Same ]))
and type_kind = Type (lazy (Cases [ [ List constructor_declaration ]; [ List label_declaration ] ]))
and label_declaration = Type (lazy (Fields [ Same; Same; core_type; Same; attributes ]))
and constructor_declaration =
  Type (lazy (Fields [ Same; constructor_arguments; Option core_type; Same; attributes ]))
and constructor_arguments = Type (lazy (Cases [ [ List core_type ]; [ List label_declaration ] ]))
and type_extension_ =
  Type
    (lazy
      (Changed
         (type_extension, Fields [ Same; type_parameters; List extension_constructor; Same; attributes ])))
and extension_constructor =
  Type
    (lazy
      (Fields
         [ Same; Cases [ [ constructor_arguments; Option core_type ]; [ Same ] ]; Same; attributes ]))

and class_infos = fun expr -> Fields [ Same; type_parameters; Same; expr; Same; attributes ]
and class_type = Type (lazy (Fields [ class_type_desc; Same; attributes ]))
and class_type_desc =
  Type
    (lazy
      (Changed
         ( open_in_class 4,
           Cases
             [ (* Pcty_constr *) [ Same; List core_type ];
               (* Pcty_signature *) [ Fields [ core_type; List class_type_field ] ];
               (* Pcty_arrow *) [ Same; core_type; class_type ];
               (* Pcty_extension *) [ extension ];
               (* Pcty_open *) [ Same; Same; class_type ] ] )))
and class_type_field = Type (lazy (Fields [ class_type_field_desc; Same; attributes ]))
and class_type_field_desc =
  Type
    (lazy
      (Cases
         [ (* Pctf_inherit *) [ class_type ];
           (* Pctf_val *) [ Fields [ Same; Same; Same; core_type ] ];
           (* Pctf_method *) [ Fields [ Same; Same; Same; core_type ] ];
           (* Pctf_constraint *) [ Fields [ core_type; core_type ] ];
           (* Pctf_attribute *) [ attribute_ ];
           (* Pctf_extension *) [ extension ] ]))
and class_expr = Type (lazy (Fields [ class_expr_desc; Same; attributes ]))
and class_expr_desc =
  Type
    (lazy
      (Changed
         ( open_in_class 7,
           Cases
             [ (* Pcl_constr *) [ Same; List core_type ];
               (* Pcl_structure *) [ class_structure ];
               (* Pcl_fun *) [ Same; Option expression; pattern; class_expr ];
               (* Pcl_apply *) [ class_expr; arguments ];
               (* Pcl_let *) [ Same; List value_binding; class_expr ];
               (* Pcl_constraint *) [ class_expr; class_type ];
               (* Pcl_extension *) [ extension ];
               (* Pcl_open *) [ Same; Same; class_expr ] ] )))
and class_structure = Type (lazy (Fields [ pattern; List class_field ]))
and class_field = Type (lazy (Fields [ class_field_desc; Same; attributes ]))
and class_field_desc =
  Type
    (lazy
      (Cases
         [ (* Pcf_inherit *) [ Same; class_expr; Same ];
           (* Pcf_val *) [ Fields [ Same; Same; class_field_kind ] ];
           (* Pcf_method *) [ Fields [ Same; Same; class_field_kind ] ];
           (* Pcf_constraint *) [ Fields [ core_type; core_type ] ];
           (* Pcf_initializer *) [ expression ];
           (* Pcf_attribute *) [ attribute_ ];
           (* Pcf_extension *) [ extension ] ]))
and class_field_kind = Type (lazy (Cases [ [ core_type ]; [ Same; expression ] ]))

and module_type = Type (lazy (Fields [ module_type_desc; Same; attributes ]))
and module_type_desc =
  Type
    (lazy
      (Cases
         [ (* Pmty_ident *) [ Same ];
           (* Pmty_signature *) [ signature ];
           (* Pmty_functor *) [ Same; Option module_type; module_type ];
           (* Pmty_with *) [ module_type; List with_constraint ];
           (* Pmty_typeof *) [ module_expr ];
           (* Pmty_extension *) [ extension ];
           (* Pmty_alias *) [ Same ] ]))
and with_constraint =
  Type (lazy (Cases [ [ Same; type_declaration ]; [ Same; Same ]; [ Same; type_declaration ]; [ Same; Same ] ]))
and signature = Type (lazy (List (Fields [ signature_item_desc_; Same ])))
and open_description = Type (lazy (Fields [ Same; Same; Same; attributes ]))
and module_declaration = Type (lazy (Fields [ Same; module_type; attributes; Same ]))
and module_type_declaration = Type (lazy (Fields [ Same; Option module_type; attributes; Same ]))
and signature_item_desc_ =
  Type
    (lazy
      (Changed
         ( signature_item_desc,
           Cases
             [ (* Psig_value *) [ value_description ];
               (* Psig_type *) [ Same; List type_declaration ];
               (* Psig_typext *) [ type_extension_ ];
               (* Psig_exception *) [ extension_constructor ];
               (* Psig_module *) [ module_declaration ];
               (* Psig_recmodule *) [ List module_declaration ];
               (* Psig_modtype *) [ module_type_declaration ];
               (* Psig_open *) [ open_description ];
               (* Psig_include *) [ Fields [ module_type; Same; attributes ] ];
               (* Psig_class *) [ List (class_infos class_type) ];
               (* Psig_class_type *) [ List (class_infos class_type) ];
               (* Psig_attribute *) [ attribute_ ];
               (* Psig_extension *) [ extension; attributes ] ] )))

and module_expr = Type (lazy (Fields [ module_expr_desc; Same; attributes ]))
and module_expr_desc =
  Type
    (lazy
      (Cases
         [ (* Pmod_ident *) [ Same ];
           (* Pmod_structure *) [ structure ];
           (* Pmod_functor *) [ Same; Option module_type; module_expr ];
           (* Pmod_apply *) [ module_expr; module_expr ];
           (* Pmod_constraint *) [ module_expr; module_type ];
           (* Pmod_unpack *) [ expression ];
           (* Pmod_extension *) [ extension ] ]))
and module_binding = Type (lazy (Fields [ Same; module_expr; attributes; Same ]))
and structure = Type (lazy (List (Fields [ structure_item_desc_; Same ])))
and structure_item_desc_ =
  Type
    (lazy
      (Changed
         ( structure_item_desc,
           Cases
             [ (* Pstr_eval *) [ expression; attributes ];
               (* Pstr_value *) [ Same; List value_binding ];
               (* Pstr_primitive *) [ value_description ];
               (* Pstr_type *) [ Same; List type_declaration ];
               (* Pstr_typext *) [ type_extension_ ];
               (* Pstr_exception *) [ extension_constructor ];
               (* Pstr_module *) [ module_binding ];
               (* Pstr_recmodule *) [ List module_binding ];
               (* Pstr_modtype *) [ module_type_declaration ];
               (* Pstr_open *) [ open_description ];
               (* Pstr_class *) [ List (class_infos class_expr) ];
               (* Pstr_class_type *) [ List (class_infos class_type) ];
               (* Pstr_include *) [ Fields [ module_expr; Same; attributes ] ];
               (* Pstr_attribute *) [ attribute_ ];
               (* Pstr_extension *) [ extension; attributes ] ] )))

(* The names in the first bytes of a file with a tree, before and after. *)
let magics = [ "Caml1999M022", ("Caml1999M025", structure); "Caml1999N022", ("Caml1999N025", signature) ]
