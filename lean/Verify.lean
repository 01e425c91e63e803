/-
The verifier: a second look at a proof that the judge accepted, in a process that has never elaborated one. Follows
Statement.lean and Shim.lean in one program. It gets the statement as text and the accepted constants as data
(Judging.lean, `proofJson`), and never the proof's text.

Assumptions:
 A1. this build of Lean: its kernel, its parser and elaborator on *statements*, and the compiled library it imports;
     where a library ships without proofs (the embedded one), its theorems are believed;
 A2. a statement cannot run programs of its own: what could is denied in it as it is in proofs (Statement.lean);
 A3. the request is honest about `statement`, `header`, `forbidden` and `heartbeats`; notations and variables of the
     header are part of what the statement says.
Nothing is assumed of the judge or of the data: a judge under a candidate's control can only be refused.

Guarantees, when the verdict is `proved`:
 G1. every expression was built here, from tables whose every reference points backwards; there is no free variable,
     metavariable or malformed number in it;
 G2. no constant has the name of one that the library has, or of another in the same proof;
 G3. each is a theorem or a safe definition, and the kernel accepted each on top of the library as imported;
 G4. the last one is the statement: its name, universe parameters and type are those that this process gets by
     elaborating the statement on its own; the type given to the kernel is this process's, not the data's. Likewise
     the constants that header and statement bring along (matchers): type and value are those that this process gets;
 G5. from all of them, through types and values of library definitions, every constant is there, none is banned, and
     of axioms there are only propext, Classical.choice and Quot.sound. What is an axiom is read from the library's
     record of kinds; without a record it counts as one;
 G6. none is what the request forbids, or has the very type of the statement where the request forbids anything.
-/

/- ## Reading the data -/

structure Tables where
  names : Array Name := #[.anonymous]
  levels : Array Level := #[.zero]
  exprs : Array Expr := #[]

unsafe def malformed {α : Type} (what : String) : Judging α := stop "rejected" s!"malformed data: {what}"

/-- Deeper binders and levels than any proof has; far more would overflow Lean's own counters. -/
unsafe def maxIndex : Nat := 100000

unsafe def natOf (j : Json) : Judging Nat :=
  match j with
  | .num n => if n.exponent == 0 && n.mantissa ≥ 0 then return n.mantissa.toNat else malformed "a number"
  | _ => malformed "a number was expected"

unsafe def textOf (j : Json) : Judging String :=
  match j with
  | .str s => return s
  | _ => malformed "a text was expected"

unsafe def partsOf (j : Json) : Judging (Array Json) :=
  match j with
  | .arr parts => return parts
  | _ => malformed "a list was expected"

/-- Part `i` of an entry, as the number of an earlier entry of a table. -/
unsafe def referred {α : Type} [Inhabited α] (table : Array α) (parts : Array Json) (i : Nat) : Judging α := do
  let n ← natOf (parts.getD i .null)
  if n < table.size then return table[n]! else malformed s!"entry {n} of {table.size}"

unsafe def readNames (entries : Array Json) (i : Nat) (t : Tables) : Judging Tables := do
  if i < entries.size then
    let parts ← partsOf entries[i]!
    let p ← referred t.names parts 0
    match parts.getD 1 .null with
    | .str s => readNames entries (i + 1) { t with names := t.names.push (.str p s) }
    | j => let k ← natOf j; readNames entries (i + 1) { t with names := t.names.push (.num p k) }
  else return t

unsafe def levelOf (t : Tables) (parts : Array Json) : Judging Level := do
  match ← textOf (parts.getD 0 .null) with
  | "succ" => return .succ (← referred t.levels parts 1)
  | "max" => return .max (← referred t.levels parts 1) (← referred t.levels parts 2)
  | "imax" => return .imax (← referred t.levels parts 1) (← referred t.levels parts 2)
  | "param" => return .param (← referred t.names parts 1)
  | kind => malformed s!"a level of kind '{kind}'"

unsafe def readLevels (entries : Array Json) (i : Nat) (t : Tables) : Judging Tables := do
  if i < entries.size then
    let l ← levelOf t (← partsOf entries[i]!)
    readLevels entries (i + 1) { t with levels := t.levels.push l }
  else return t

unsafe def levelsOf (t : Tables) (parts : Array Json) (i : Nat) : Judging (List Level) := do
  if i < parts.size then return (← referred t.levels parts i) :: (← levelsOf t parts (i + 1)) else return []

/-- A number of a variable or of a field, as Lean's own counters hold it. -/
unsafe def indexOf (what : String) (j : Json) : Judging Nat := do
  let i ← natOf j
  if i < maxIndex then return i else malformed s!"{what} {i}"

unsafe def exprOf (t : Tables) (parts : Array Json) : Judging Expr := do
  match ← textOf (parts.getD 0 .null) with
  | "app" => return .app (← referred t.exprs parts 1) (← referred t.exprs parts 2)
  | "const" => return .const (← referred t.names parts 1) (← levelsOf t parts 2)
  | "bvar" => return .bvar (← indexOf "bound variable" (parts.getD 1 .null))
  | "lam" => return .lam `x (← referred t.exprs parts 1) (← referred t.exprs parts 2) .default
  | "pi" => return .forallE `x (← referred t.exprs parts 1) (← referred t.exprs parts 2) .default
  | "let" =>
    return .letE `x (← referred t.exprs parts 1) (← referred t.exprs parts 2) (← referred t.exprs parts 3) false
  | "sort" => return .sort (← referred t.levels parts 1)
  | "proj" => return .proj (← referred t.names parts 1) (← indexOf "projection" (parts.getD 2 .null)) (← referred t.exprs parts 3)
  | "nat" =>
    match (← textOf (parts.getD 1 .null)).toNat? with
    | some n => return .lit (.natVal n)
    | none => malformed "a literal"
  | "str" => return .lit (.strVal (← textOf (parts.getD 1 .null)))
  | kind => malformed s!"an expression of kind '{kind}'"

unsafe def readExprs (entries : Array Json) (i : Nat) (t : Tables) : Judging Tables := do
  if i < entries.size then
    let e ← exprOf t (← partsOf entries[i]!)
    readExprs entries (i + 1) { t with exprs := t.exprs.push e }
  else return t

unsafe def readTables (proof : Json) : Judging Tables := do
  let levels := items proof "levels"
  if levels.size > maxIndex then malformed s!"{levels.size} levels"
  let t ← readNames (items proof "names") 0 {}
  let t ← readLevels levels 0 t
  readExprs (items proof "exprs") 0 t

/- ## Constants into the kernel -/

structure Rebuilt where
  name : Name
  levels : List Name
  type : Expr
  value : Expr
  /-- None for a theorem. -/
  hints : Option ReducibilityHints

unsafe def paramsOf (t : Tables) (parts : Array Json) (i : Nat) : Judging (List Name) := do
  if i < parts.size then return (← referred t.names parts i) :: (← paramsOf t parts (i + 1)) else return []

unsafe def hintsOf (j : Json) : Judging ReducibilityHints :=
  match field j "hints" with
  | "abbrev" => return .abbrev
  | "opaque" => return .opaque
  | _ => return .regular (UInt32.ofNat (natField j "hints" 0))

unsafe def rebuild (t : Tables) (j : Json) : Judging Rebuilt := do
  let part := fun (key : String) => #[(j.getObjVal? key).toOption.getD .null]
  let name ← referred t.names (part "name") 0
  let hints ← match field j "kind" with
    | "theorem" => pure none
    | "definition" => pure (some (← hintsOf j))
    | kind => stop "forbidden" s!"the proof adds {showName name} of kind '{kind}', neither a theorem nor a definition"
  return { name, hints, levels := ← paramsOf t (items j "levels") 0, type := ← referred t.exprs (part "type") 0,
           value := ← referred t.exprs (part "value") 0 }

unsafe def declarationOf (c : Rebuilt) : Declaration :=
  match c.hints with
  | none => .thmDecl { name := c.name, levelParams := c.levels, type := c.type, value := c.value }
  | some hints => .defnDecl
      { name := c.name, levelParams := c.levels, type := c.type, value := c.value, hints, safety := .safe }

/-- Annotations are nothing to the kernel, and the data has none. -/
unsafe def plain (e : Expr) : Expr :=
  e.replace fun
    | .mdata _ b => some (plain b)
    | _ => none

/-- The statement's constant takes its type from here; the data's must be the same. So must what the statement brings
along (a `match` in it is a definition of its own): what it means is for this process to say, not for the data. -/
unsafe def asStated (p : Prepared) (c : Rebuilt) : Judging Rebuilt := do
  if c.name != p.name then
    if p.library.contains c.name then return c -- refused as such below
    match p.alone.find? c.name with
    | some own =>
      let value := (own.value? (allowOpaque := true)).getD own.type
      unless c.levels == own.levelParams && c.type == plain own.type && c.value == plain value do
        stop "forbidden" s!"the proof adds {showName c.name}, which is something else in the statement"
    | none => pure ()
    return c
  unless c.hints.isNone do stop "forbidden" "the statement came back as a definition"
  unless c.levels == p.levelParams do stop "forbidden" "the theorem proved has other universe parameters than the statement"
  unless c.type == plain p.type do stop "forbidden" "the theorem proved is not the statement"
  return { c with type := p.type }

unsafe def admitted (base : Environment) (env : Kernel.Environment) (p : Prepared) (heartbeats : Nat) (c : Rebuilt) :
    Judging Kernel.Environment := do
  if c.name.isAnonymous then malformed "a constant without a name"
  if base.contains c.name || (env.find? c.name).isSome then
    stop "forbidden" s!"the proof adds {showName c.name}, which is there already"
  match addInKernel env heartbeats (declarationOf c) with
  | .ok env => return env
  | .error e => stopOnKernel e "kernel: "

unsafe def appended (a b : Array Name) (i : Nat) : Array Name :=
  if i < b.size then appended (a.push b[i]!) b (i + 1) else a

unsafe def pushed (a : Array Name) (names : List Name) : Array Name :=
  match names with
  | [] => a
  | n :: rest => pushed (a.push n) rest

structure Checked where
  env : Kernel.Environment
  added : NameSet := {}
  used : Array Name := #[]

unsafe def addConstants (base : Environment) (t : Tables) (p : Prepared) (heartbeats : Nat) (constants : Array Json)
    (i : Nat) (d : Checked) : Judging Checked := do
  if i < constants.size then
    let c ← rebuild t constants[i]!
    let c ← asStated p c
    let env ← admitted base d.env p heartbeats c
    let used := appended (appended d.used c.type.getUsedConstants 0) c.value.getUsedConstants 0
    addConstants base t p heartbeats constants (i + 1) { env, added := d.added.insert c.name, used }
  else return d

/- ## What it rests on -/

/-- Library constants whose closure has been walked, and those among them whose closure holds each allowed axiom. -/
structure Walked where
  done : NameSet := {}
  propext : NameSet := {}
  choice : NameSet := {}
  sound : NameSet := {}

unsafe def directlyUsed (info : ConstantInfo) : Array Name :=
  let types := info.type.getUsedConstants
  match info with
  | .inductInfo v => pushed types v.ctors
  | _ => match info.value? (allowOpaque := true) with
    | some value => appended types value.getUsedConstants 0
    | none => types

unsafe def inherit (n used : Name) (w : Walked) : Walked :=
  { w with
    propext := if w.propext.contains used then w.propext.insert n else w.propext
    choice := if w.choice.contains used then w.choice.insert n else w.choice
    sound := if w.sound.contains used then w.sound.insert n else w.sound }

unsafe def inheritAll (n : Name) (used : Array Name) (i : Nat) (w : Walked) : Walked :=
  if i < used.size then inheritAll n used (i + 1) (inherit n used[i]! w) else w

mutual
unsafe def walk (base : Environment) (n : Name) (w : Walked) : Judging Walked := do
  if w.done.contains n then return w
  if contains bannedConstants n then stop "forbidden" s!"the proof rests on {showName n}"
  match base.find? n with
  | none => stop "rejected" s!"the proof rests on {showName n}, which is missing from the library"
  | some info =>
    let w := { w with done := w.done.insert n }
    if isAxiom base info then
      match n with
      | ``propext => return { w with propext := w.propext.insert n }
      | ``Classical.choice => return { w with choice := w.choice.insert n }
      | ``Quot.sound => return { w with sound := w.sound.insert n }
      | _ => stop "forbidden" s!"the proof rests on the axiom {showName n}"
    else
      let used := directlyUsed info
      return inheritAll n used 0 (← walkAll base used 0 w)
unsafe def walkAll (base : Environment) (names : Array Name) (i : Nat) (w : Walked) : Judging Walked := do
  if i < names.size then walkAll base names (i + 1) (← walk base names[i]! w) else return w
end

/-- Those of `used` that are the library's; the others must be among what was added. -/
unsafe def fromLibrary (d : Checked) (base : Environment) (i : Nat) (acc : Array Name) : Judging (Array Name) := do
  if i < d.used.size then
    let n := d.used[i]!
    if d.added.contains n then fromLibrary d base (i + 1) acc
    else if base.contains n then fromLibrary d base (i + 1) (acc.push n)
    else stop "rejected" s!"the proof uses an unknown constant {showName n}"
  else return acc

unsafe def axiomsIn (w : Walked) : Array Name :=
  let all := if w.propext.contains .anonymous then #[``propext] else #[]
  let all := if w.choice.contains .anonymous then all.push ``Classical.choice else all
  if w.sound.contains .anonymous then all.push ``Quot.sound else all

/- ## Verifying -/

unsafe def verify (walked : IO.Ref Walked) (p : Prepared) (j : Json) : Judging Outcome := do
  let base := p.library
  let proof := (j.getObjVal? "proof").toOption.getD .null
  let t ← readTables proof
  let d ← addConstants base t p (kernelHeartbeats j) (items proof "constants") 0 { env := base.toKernelEnv }
  unless d.added.contains p.name do stop "rejected" "the statement is not among the constants"
  let used ← fromLibrary d base 0 #[]
  audit p (forbiddenOf j) used 0
  let w ← walkAll base used 0 (← walked.get)
  walked.set w
  return { verdict := "proved", reason := "proved", axioms := axiomsIn (inheritAll .anonymous used 0 w) }

unsafe def answer (walked : IO.Ref Walked) (server : IO.Ref Server) (j : Json) : IO Json := do
  match field j "op" with
  | "verify" => settled (return outcomeJson (← verify walked (← preparedFor server j false) j)) outcomeJson
  | op => return fault s!"unknown operation '{op}'"

public unsafe def main (args : List String) : IO UInt32 := do
  let walked ← IO.mkRef ({} : Walked)
  run args (answer walked)
