/-
The persistent judge; follows Statement.lean and Inspect.lean in one program.

Assumptions: the compiled library it imports is sound, except for the constants in `bannedConstants`; whoever sends
requests is honest about `forbidden` and `heartbeats`. Headers, statements and proofs may be hostile, but what is proved is
the statement under its header: notations and variables there are part of what it says.

Guarantees, when the verdict is `proved`:
 1. statement and proof were each parsed to the end of their text, as one theorem and as one term; no text was joined;
 2. neither tree holds a denied keyword or kind of syntax (sorry and its kin, native code, options, metaprograms);
 3. the theorem's type is the type of the statement elaborated on its own, before the proof was looked at;
 4. every constant that header, statement and proof added is a theorem or a safe definition, and the kernel accepted
    each, in order, on top of the library as it was imported (elaboration itself trusts nothing and skips the kernel);
 5. none of them uses a banned constant, or an axiom other than propext, Classical.choice and Quot.sound, or a
    constant that the request forbids.

Not guaranteed: that no candidate before has damaged this process. For that, a request with `strict` also gets the
accepted constants as data, and Verify.lean checks them in a process that never saw a candidate.
-/

/- ## Proofs as syntax -/

unsafe def refuseDenied (stx : Syntax) : Judging Unit :=
  match findDenied stx with
  | some what => stop "forbidden" s!"{what} is not allowed in a proof"
  | none => return ()

/-- The least indentation of these lines, blank ones aside. -/
unsafe def indentation (lines : List String) (least : Nat) : Nat :=
  match lines with
  | [] => least
  | line :: rest =>
    let text := line.trimAscii.toString
    let indent := match line.splitOn text with
      | before :: _ => before.length
      | [] => 0
    indentation rest (if text.isEmpty then least else min least indent)

unsafe def indented (n : Nat) (text : String) : String := if n == 0 then text else indented (n - 1) (" " ++ text)

/-- A block whose first line has lost the indentation that the others have, as after `by` and a line's end. -/
unsafe def realigned (text : String) : Option String :=
  match text.splitOn "\n" with
  | _ :: second :: rest =>
    let indent := indentation (second :: rest) 100
    if indent == 0 || text.startsWith " " then none else some (indented indent text)
  | _ => none

unsafe def parsed (results : List (Except String Syntax)) : List Syntax :=
  match results with
  | [] => []
  | .ok stx :: rest => stx :: parsed rest
  | .error _ :: rest => parsed rest

/-- How a text may be meant: `by …` and terms as they stand, anything else as a block of tactics or, failing that, as a
term (`funext h` is both) or a block whose first line has to be moved. -/
unsafe def readings (env : Environment) (text : String) : Except String (List Syntax) :=
  let trimmed := text.trimAscii.toString
  let asTerm := fun (t : String) => Parser.runParserCategory env `term t "proof"
  if trimmed.startsWith "by" && !((trimmed.drop 2).toString.startsWith "_") then
    match asTerm text with
    | .ok stx => .ok [stx]
    | .error e => .error e
  else
    let first := asTerm ("by\n" ++ text)
    let moved := match realigned text with
      | some block => [asTerm ("by\n" ++ block)]
      | none => []
    match parsed (first :: asTerm text :: moved), first with
    | [], .error e => .error e
    | found, _ => .ok found

/- ## What a proof added -/

/-- The new constants below `name`, dependencies first, and the library constants they use directly. -/
structure Delta where
  added : Array ConstantInfo := #[]
  seen : NameSet := {}
  used : Array Name := #[]

mutual
unsafe def collect (base env : Environment) (name : Name) (d : Delta) : Judging Delta := do
  if d.seen.contains name then return d
  let d := { d with seen := d.seen.insert name }
  if base.contains name then return { d with used := d.used.push name }
  match env.find? name with
  | none => stop "rejected" s!"the proof uses an unknown constant {showName name}"
  | some info =>
    let d ← collectAll base env info.type.getUsedConstants 0 d
    let value := (info.value? (allowOpaque := true)).getD info.type
    let d ← collectAll base env value.getUsedConstants 0 d
    return { d with added := d.added.push info }
unsafe def collectAll (base env : Environment) (names : Array Name) (i : Nat) (d : Delta) : Judging Delta := do
  if i < names.size then collectAll base env names (i + 1) (← collect base env names[i]! d) else return d
end

unsafe def asDeclaration (info : ConstantInfo) : Judging Declaration :=
  match info with
  | .thmInfo v => return .thmDecl v
  | .defnInfo v =>
    if v.safety == .safe then return .defnDecl v
    else stop "forbidden" s!"the proof adds an unsafe or partial definition {showName v.name}"
  | _ => stop "forbidden" s!"the proof adds {showName info.name}, which is neither a theorem nor a definition"

unsafe def checkInKernel (env : Kernel.Environment) (heartbeats : Nat) (added : Array ConstantInfo) (i : Nat) :
    Judging Unit := do
  if i < added.size then
    match addInKernel env heartbeats (← asDeclaration added[i]!) with
    | .ok env => checkInKernel env heartbeats added (i + 1)
    | .error e => stopOnKernel e
  else return ()

/-- The embedded library ships no proofs, so its theorems look like axioms: what they are is on record. -/
unsafe def isPremise (base : Environment) (n : Name) : Bool :=
  match getOriginalConstKind? base n with
  | some .thm => true
  | _ => false

/-- The theorem that stands behind one that the library generated for it (`X._simp_1` is how `simp` uses `X`). -/
unsafe def citedBy (base : Environment) (n : Name) : Name :=
  match n with
  | .str p s => if s.startsWith "_" && isPremise base p then p else n
  | _ => n

/-- Not those that the statement itself mentions: of the proof they say nothing. -/
unsafe def premisesOf (base : Environment) (stated used : Array Name) (i : Nat) (acc : Array Name) : Array Name :=
  if i < used.size then
    let n := citedBy base used[i]!
    let counts := isPremise base n && !contains acc n && !contains stated n
    premisesOf base stated used (i + 1) (if counts then acc.push n else acc)
  else acc

unsafe def axiomsOf (used : Array Name) (i : Nat) (acc : Array Name) : Array Name :=
  if i < allowedAxioms.size then
    axiomsOf used (i + 1) (if contains used allowedAxioms[i]! then acc.push allowedAxioms[i]! else acc)
  else acc

/- ## Accepted constants as data: tables of names, levels and expressions that refer to each other by index -/

/-- Number 0 is the anonymous name and the level zero; the first entry of a table of names or levels is number 1. -/
structure Tables where
  names : IO.Ref (Array Json)
  nameIds : IO.Ref (Array (List (Name × Nat)))
  levels : IO.Ref (Array Json)
  levelIds : IO.Ref (Array (List (Level × Nat)))
  exprs : IO.Ref (Array Json)
  exprIds : IO.Ref (Array (List (Expr × Nat)))

unsafe def slots : Nat := 16384

unsafe def newTables : IO Tables := return {
  names := ← IO.mkRef #[], nameIds := ← IO.mkRef (Array.replicate slots []),
  levels := ← IO.mkRef #[], levelIds := ← IO.mkRef (Array.replicate slots []),
  exprs := ← IO.mkRef #[], exprIds := ← IO.mkRef (Array.replicate slots []) }

unsafe def known {α : Type} [BEq α] (key : α) (entries : List (α × Nat)) : Option Nat :=
  match entries with
  | [] => none
  | (k, i) :: rest => if k == key then some i else known key rest

unsafe def idIn {α : Type} [BEq α] (ids : IO.Ref (Array (List (α × Nat)))) (slot : Nat) (key : α) : IO (Option Nat) := do
  return known key (← ids.get)[slot]!

unsafe def enter {α : Type} (table : IO.Ref (Array Json)) (ids : IO.Ref (Array (List (α × Nat)))) (first slot : Nat)
    (key : α) (entry : Array Json) : IO Nat := do
  let i := (← table.get).size + first
  table.modify fun t => t.push (.arr entry)
  ids.modify fun m => m.set! slot ((key, i) :: m[slot]!)
  return i

unsafe def nameId (t : Tables) (n : Name) : IO Nat := do
  if n.isAnonymous then return 0
  let slot := n.hash.toNat % slots
  match ← idIn t.nameIds slot n with
  | some i => return i
  | none =>
    match n with
    | .str p s => enter t.names t.nameIds 1 slot n #[.num (← nameId t p), .str s]
    | .num p k => enter t.names t.nameIds 1 slot n #[.num (← nameId t p), .num k]
    | .anonymous => return 0

unsafe def levelId (t : Tables) (l : Level) : IO Nat := do
  if l.isZero then return 0
  let slot := l.hash.toNat % slots
  match ← idIn t.levelIds slot l with
  | some i => return i
  | none =>
    match l with
    | .succ a => enter t.levels t.levelIds 1 slot l #[.str "succ", .num (← levelId t a)]
    | .max a b => enter t.levels t.levelIds 1 slot l #[.str "max", .num (← levelId t a), .num (← levelId t b)]
    | .imax a b => enter t.levels t.levelIds 1 slot l #[.str "imax", .num (← levelId t a), .num (← levelId t b)]
    | .param n => enter t.levels t.levelIds 1 slot l #[.str "param", .num (← nameId t n)]
    | _ => throw (IO.userError "an accepted proof holds a level metavariable")

unsafe def levelIds (t : Tables) (ls : List Level) (acc : Array Json) : IO (Array Json) := do
  match ls with
  | [] => return acc
  | l :: rest => levelIds t rest (acc.push (.num (← levelId t l)))

/-- Bound names, binder kinds and annotations are nothing to the kernel and are left out. -/
unsafe def exprId (t : Tables) (e : Expr) : IO Nat := do
  match e with
  | .mdata _ b => exprId t b
  | _ =>
    let slot := e.hash.toNat % slots
    match ← idIn t.exprIds slot e with
    | some i => return i
    | none => enter t.exprs t.exprIds 0 slot e (← entryOf t e)
where
  entryOf (t : Tables) (e : Expr) : IO (Array Json) := do
    match e with
    | .app f a => return #[.str "app", .num (← exprId t f), .num (← exprId t a)]
    | .const n ls => levelIds t ls #[.str "const", .num (← nameId t n)]
    | .bvar i => return #[.str "bvar", .num i]
    | .lam _ d b _ => return #[.str "lam", .num (← exprId t d), .num (← exprId t b)]
    | .forallE _ d b _ => return #[.str "pi", .num (← exprId t d), .num (← exprId t b)]
    | .letE _ d v b _ => return #[.str "let", .num (← exprId t d), .num (← exprId t v), .num (← exprId t b)]
    | .sort l => return #[.str "sort", .num (← levelId t l)]
    | .proj s i b => return #[.str "proj", .num (← nameId t s), .num i, .num (← exprId t b)]
    | .lit (.natVal n) => return #[.str "nat", .str (toString n)]
    | .lit (.strVal s) => return #[.str "str", .str s]
    | _ => throw (IO.userError "an accepted proof holds a metavariable or a free variable")

unsafe def nameIds (t : Tables) (ns : List Name) (acc : Array Json) : IO Json := do
  match ns with
  | [] => return .arr acc
  | n :: rest => nameIds t rest (acc.push (.num (← nameId t n)))

/-- How eagerly the kernel unfolds a definition; it decides speed, not truth. -/
unsafe def hintsJson (info : ConstantInfo) : Json :=
  match info with
  | .defnInfo v => match v.hints with
    | .regular n => .num n.toNat
    | .abbrev => .str "abbrev"
    | .opaque => .str "opaque"
  | _ => .null

unsafe def constantJson (t : Tables) (info : ConstantInfo) : IO Json := do
  let value := (info.value? (allowOpaque := true)).getD info.type
  return Json.mkObj [("kind", .str (if hintsJson info matches .null then "theorem" else "definition")),
    ("name", .num (← nameId t info.name)), ("levels", ← nameIds t info.levelParams #[]),
    ("type", .num (← exprId t info.type)), ("value", .num (← exprId t value)), ("hints", hintsJson info)]

unsafe def constantsJson (t : Tables) (added : Array ConstantInfo) (i : Nat) (acc : Array Json) : IO Json := do
  if i < added.size then constantsJson t added (i + 1) (acc.push (← constantJson t added[i]!)) else return .arr acc

unsafe def proofJson (added : Array ConstantInfo) : IO Json := do
  let t ← newTables
  let constants ← constantsJson t added 0 #[]
  return Json.mkObj [("names", .arr (← t.names.get)), ("levels", .arr (← t.levels.get)),
    ("exprs", .arr (← t.exprs.get)), ("constants", constants)]

/- ## Judging -/

/-- The proof in the place of the statement's own value, elaborated and then checked by the kernel. -/
unsafe def judgeIn (state : Command.State) (p : Prepared) (text : String) (term : Syntax) (j : Json) :
    Judging Outcome := do
  let base := p.library
  let value := p.stx[1][3].setArg 1 term
  let after ← runCommand state (p.stx.setArg 1 (p.stx[1].setArg 3 value)) text
  stopOnError after.messages
  match after.env.find? p.name with
  | none => stop "rejected" "the proof left no theorem behind"
  | some info =>
    unless info.type == p.type && info.levelParams == p.levelParams do
      stop "forbidden" "the theorem proved is not the statement"
    let d ← collect base after.env p.name {}
    audit p (forbiddenOf j) d.used 0
    checkInKernel base.toKernelEnv (kernelHeartbeats j) d.added 0
    return { verdict := "proved", reason := "proved", axioms := axiomsOf d.used 0 #[],
             premises := premisesOf base p.type.getUsedConstants d.used 0 #[],
             proof := ← if boolField j "strict" then proofJson d.added else pure .null }

unsafe def withKernel (state : Command.State) : Command.State :=
  match state.scopes with
  | [] => state
  | scope :: rest => { state with scopes := { scope with opts := scope.opts.setBool `debug.skipKernelTC false } :: rest }

/-- A tactic that asks the kernel (`decide +kernel`) is told yes while elaboration skips it, so what stands behind it
in a `first` is not tried: what the kernel refuses afterwards is elaborated once more with the kernel's own answers. -/
unsafe def judgeReading (p : Prepared) (text : String) (term : Syntax) (j : Json) : Judging Outcome := do
  refuseDenied term
  try judgeIn p.state p text term j
  catch o =>
    if o.verdict != "rejected" || !o.reason.startsWith "(kernel)" then throw o
    try judgeIn (withKernel p.state) p text term j catch _ => throw o

/-- The first reading that is a proof; else what was wrong with the first. -/
unsafe def judgeReadings (p : Prepared) (text : String) (readings : List Syntax) (j : Json) : Judging Outcome := do
  match readings with
  | [] => stop "rejected" "parse: nothing"
  | [reading] => judgeReading p text reading j
  | reading :: others =>
    try judgeReading p text reading j
    catch o =>
      if o.verdict != "rejected" then throw o
      try judgeReadings p text others j catch _ => throw o

unsafe def judge (p : Prepared) (j : Json) : Judging Outcome := do
  let text := field j "proof"
  match readings p.state.env text with
  | .error e => stop "rejected" ("parse: " ++ oneLine e)
  | .ok found => judgeReadings p text found j

unsafe def answer (index : IO.Ref (Option TypeIndex)) (server : IO.Ref Server) (j : Json) : IO Json := do
  match field j "op" with
  | "judge" => settled (return outcomeJson (← judge (← preparedFor server j true) j)) outcomeJson
  | "inspect" => settled (inspectRequest index server j) notInspected
  | op => return fault s!"unknown operation '{op}'"

public unsafe def main (args : List String) : IO UInt32 := do
  let index ← IO.mkRef none
  run args (answer index)
