/-
What both Lean programs share: the policy, parsing and elaborating a header and a statement, and the protocol. The
judge (Judging.lean) and the verifier (Verify.lean) are each this text followed by their own.

Refuses: whatever a statement may not hold, whoever wrote it. It never sees a proof.

Style: every definition is `unsafe`, which compiles once where `partial` compiles twice (seconds at each start). The
compiler of the embedded build cannot specialise private code of the library, so there is no `for … in`, no
`List.mapM` and the like; loops are recursion over an index.
-/
import Lean
open Lean Elab Command
set_option linter.all false

/- ## Policy -/

/-- Keywords that no statement and no proof may hold. Keywords, since they are what a reader sees; the names of their
syntax differ between versions. -/
unsafe def deniedKeywords : Array String := #[
  "sorry", "admit", "stop", "hint", "exact?", "exact?%", "apply?", "rw?", "have?", "try?", "polyrith",
  "native_decide", "bv_decide", "bv_decide?", "bv_check", "run_tac", "run_conv", "by_elab", "run_elab", "elab_stx",
  "eval%", "with_panel_widgets", "set_option", "sleep", "dbg_trace", "unsafe", "include_str", "plausible", "slim_check",
  "`("]

/-- Syntax that is denied whatever its keywords, and what it is called in the reason. -/
unsafe def deniedKinds : Array (Name × String) := #[
  (`Lean.Parser.Term.attributes, "an attribute"), (`Lean.Parser.Term.quot, "a quotation"),
  (`Lean.Parser.Term.dynamicQuot, "a quotation"), (`Lean.Parser.Tactic.quot, "a quotation"),
  (`Lean.Parser.Tactic.quotSeq, "a quotation"), (`Lean.Parser.Command.openRenaming, "renaming"),
  (`Lean.Parser.Tactic.trace, "a computed trace")] -- Mathlib's, which runs its argument

/-- Constants of the library that no proof may use. -/
unsafe def bannedConstants : Array Name := #[
  ``sorryAx, `Lean.ofReduceBool, `Lean.ofReduceNat, `Lean.reduceBool, `Lean.reduceNat, `Lean.trustCompiler]

unsafe def allowedAxioms : Array Name := #[``propext, ``Classical.choice, ``Quot.sound]

/-- Commands that a statement's header may hold, besides `open`, which is taken one name at a time. -/
unsafe def headerKinds : Array Name := #[
  `Lean.Parser.Command.universe, `Lean.Parser.Command.variable, `Lean.Parser.Command.notation,
  `Lean.Parser.Command.mixfix, `Lean.Parser.Command.namespace, `Lean.Parser.Command.section]

unsafe def baseHeader : String := "macro \"ℕ\" : term => `(Nat)\nmacro \"ℤ\" : term => `(Int)\n"

/- ## Outcomes -/

structure Outcome where
  verdict : String
  reason : String
  axioms : Array Name := #[]
  premises : Array Name := #[]
  /-- The constants of an accepted proof as data, when asked for (Judging.lean). -/
  proof : Json := .null

abbrev Judging := ExceptT Outcome IO

unsafe def stop {α : Type} (verdict reason : String) : Judging α := throw { verdict, reason }

unsafe def showName (n : Name) : String := (format n).pretty

unsafe def squeeze (words : List String) (acc : String) : String :=
  match words with
  | [] => acc
  | w :: rest =>
    let w := w.trimAscii.toString
    squeeze rest (if w.isEmpty then acc else if acc.isEmpty then w else acc ++ " " ++ w)

/-- One line, cut to a length that a report can print. -/
unsafe def oneLine (s : String) : String :=
  let line := squeeze ((s.take 1000).toString.splitOn "\n") ""
  if line.length > 300 then (line.take 300).toString ++ "…" else line

/- ## Syntax -/

unsafe def findIdx (p : Nat → Bool) (n i : Nat) : Option Nat :=
  if i ≥ n then none else if p i then some i else findIdx p n (i + 1)

unsafe def deniedHere (stx : Syntax) : Option String :=
  match stx with
  | .atom _ keyword =>
    if (findIdx (fun i => deniedKeywords[i]! == keyword) deniedKeywords.size 0).isSome then some keyword else none
  | .ident _ _ name _ => if name == `native then some "native" else none -- `decide +native`, however it is spelled
  | .node _ kind _ =>
    match findIdx (fun i => deniedKinds[i]!.1 == kind) deniedKinds.size 0 with
    | some i => some deniedKinds[i]!.2
    | none => none
  | .missing => none

/-- Shaped `(name := value)`, and not one of the kinds known to be something else than a setting of a tactic. -/
unsafe def isSetting (stx : Syntax) : Bool :=
  stx.getNumArgs ≥ 5 && stx[0].isToken "(" && stx[2].isToken ":=" &&
    !stx[3].isOfKind `Lean.Parser.Tactic.tacticSeq && -- a discharger and the like
    (findIdx (fun i => notSettings[i]! == stx.getKind) notSettings.size 0).isNone
where
  notSettings : Array Name := #[`Lean.Parser.Term.namedArgument, `Lean.Parser.Term.letOptEq, `Lean.Parser.Term.motive,
    `Lean.Parser.Command.namedName, `Lean.Parser.Command.namedPrio]

/-- Built of literals, fields, constructors (`.all`) and lists alone: nothing that runs. -/
unsafe def isLiteral (stx : Syntax) : Bool :=
  match stx with
  | .atom .. => true
  | .ident _ _ name _ => name == `true || name == `false || name == ``Bool.true || name == ``Bool.false
  | .node _ kind args =>
    kind == `Lean.Parser.Term.structInstLVal || kind == `Lean.Parser.Term.dotIdent ||
      ((findIdx (fun i => kinds[i]! == kind) kinds.size 0).isSome &&
        (findIdx (fun i => !isLiteral args[i]!) args.size 0).isNone)
  | .missing => false
where
  kinds : Array Name := #[`null, `num, `str, `hygieneInfo, `«term[_]», `«term-_», `Lean.Parser.Term.app,
    `Lean.Parser.Term.paren, `Lean.Parser.Term.optEllipsis, `Lean.Parser.Term.structInst,
    `Lean.Parser.Term.structInstFields, `Lean.Parser.Term.structInstField, `Lean.Parser.Term.structInstFieldDef,
    `Lean.Parser.Tactic.Conv.occsIndexed, `Lean.Parser.Tactic.Conv.occsWildcard]

mutual
unsafe def findDenied (stx : Syntax) : Option String :=
  match deniedHere stx with
  | some what => some what
  | none =>
    -- Lean runs the value of a setting as a program, and lets it hold unsafe code.
    if isSetting stx && !isLiteral stx[3] then some "a setting that is computed" else findDeniedArgs stx.getArgs 0
unsafe def findDeniedArgs (args : Array Syntax) (i : Nat) : Option String :=
  if i < args.size then
    match findDenied args[i]! with
    | some what => some what
    | none => findDeniedArgs args (i + 1)
  else none
end

unsafe def isTheorem (stx : Syntax) : Bool :=
  stx.isOfKind `Lean.Parser.Command.declaration && stx[1].isOfKind `Lean.Parser.Command.theorem

/-- A theorem without attributes or other modifiers (a doc string may stand), whose value is the `sorry` we wrote. -/
unsafe def checkShape (stx : Syntax) : Judging Unit := do
  unless isTheorem stx do stop "rejected" "the statement is not a theorem"
  let modifiers := stx[0].getArgs
  match findIdx (fun i => i > 0 && modifiers[i]!.getNumArgs > 0) modifiers.size 0 with
  | some _ => stop "forbidden" "the statement has attributes or modifiers"
  | none => pure ()
  let value := stx[1][3]
  unless value.isOfKind `Lean.Parser.Command.declValSimple && value[1].isOfKind `Lean.Parser.Term.sorry do
    stop "rejected" "the statement holds a value of its own"
  match findDenied stx[1][2] with
  | some what => stop "forbidden" s!"{what} is not allowed in a statement"
  | none => pure ()

/- ## Elaboration -/

unsafe def runCommand (state : Command.State) (stx : Syntax) (text : String) : IO Command.State := do
  let ctx : Command.Context :=
    { fileName := "attempt", fileMap := FileMap.ofString text, snap? := none, cancelTk? := none }
  let fresh := { state with messages := {}, infoState := { enabled := false } }
  match ← ((elabCommandTopLevel stx).run ctx |>.run fresh).toIO' with
  | .ok (_, after) => return after
  | .error e =>
    let data := e.toMessageData
    return { fresh with messages := fresh.messages.add { fileName := "attempt", pos := ⟨1, 0⟩, data := data } }

unsafe def firstError (messages : List Message) : Option Message :=
  match messages with
  | [] => none
  | m :: rest => if m.severity == .error then some m else firstError rest

/-- By the mark that Lean puts on it: a candidate may choose the words of an error. -/
unsafe def isTimeout (m : Message) : Bool := m.data.hasTag (· == `runtime.maxHeartbeats)

unsafe def stopOnError (messages : MessageLog) (prefix_ : String := "") : Judging Unit := do
  match firstError messages.toList with
  | none => return ()
  | some m => stop (if isTimeout m then "timeout" else "rejected") (prefix_ ++ oneLine (← m.data.toString))

unsafe def stopOnKernel {α : Type} (e : Kernel.Exception) (prefix_ : String := "") : Judging α := do
  let verdict := match e with
    | .deterministicTimeout => "timeout"
    | _ => "rejected"
  stop verdict (prefix_ ++ oneLine (← (e.toMessageData {}).toString))

/- ## Headers -/

unsafe def scopeOf (state : Command.State) : Scope :=
  match state.scopes with
  | scope :: _ => scope
  | [] => { header := "" }

unsafe def openEach (state : Command.State) (stx : Syntax) (slot i : Nat) : IO Command.State := do
  let idents := stx[1][slot].getArgs
  if i < idents.size then
    let one := stx.setArg 1 (stx[1].setArg slot (mkNullNode #[idents[i]!]))
    let after ← runCommand state one ""
    -- A namespace of a library that is not here opens nothing; a statement that needs it will not elaborate.
    openEach (if after.messages.hasErrors then state else after) stx slot (i + 1)
  else return state

/-- Without `(name := …)`: a notation could take the name of syntax that this judge knows and lets pass. -/
unsafe def unnamed (stx : Syntax) : Syntax :=
  match findIdx (fun i => stx[i][0].isOfKind `Lean.Parser.Command.namedName) stx.getNumArgs 0 with
  | some i => stx.setArg i mkNullNode
  | none => stx

unsafe def headerCommand (state : Command.State) (stx : Syntax) (text : String) : Judging Command.State := do
  let kind := stx.getKind
  if kind == `Lean.Parser.Command.open && stx[1].isOfKind `Lean.Parser.Command.openSimple then
    openEach state stx 0 0
  else if kind == `Lean.Parser.Command.open && stx[1].isOfKind `Lean.Parser.Command.openScoped then
    openEach state stx 1 0
  else if kind == `Lean.Parser.Command.open && !stx[1].isOfKind `Lean.Parser.Command.openRenaming then
    let after ← runCommand state stx text
    return if after.messages.hasErrors then state else after
  else if kind == `Lean.Parser.Command.set_option then
    return state -- the judge's own limits stand
  else if (findIdx (fun i => headerKinds[i]! == kind) headerKinds.size 0).isSome then
    match findDenied stx with
    | some what => stop "forbidden" s!"{what} is not allowed in a header"
    | none => pure ()
    let after ← runCommand state (unnamed stx) text
    stopOnError after.messages
    return after
  else stop "rejected" s!"the header holds a command that is not read: {showName kind}"

unsafe def headerCommands (state : Command.State) (ictx : Parser.InputContext) (mps : Parser.ModuleParserState)
    (text : String) : Judging Command.State := do
  let scope := scopeOf state
  let pmctx := { env := state.env, options := scope.opts, currNamespace := scope.currNamespace, openDecls := scope.openDecls }
  let (stx, mps, messages) := Parser.parseCommand ictx pmctx mps {}
  stopOnError messages "header: "
  if Parser.isTerminalCommand stx then return state
  headerCommands (← headerCommand state stx text) ictx mps text

unsafe def inputContext (text name : String) : Parser.InputContext :=
  { inputString := text, fileName := name, fileMap := FileMap.ofString text,
    endPos := text.rawEndPos, endPos_valid := by simp }

/-- Imports are read and ignored: what is imported is the checker's business, not the statement's. -/
unsafe def processHeader (state : Command.State) (header : String) : Judging Command.State := do
  let ictx := inputContext header "header"
  let (_, mps, messages) ← Parser.parseHeader ictx
  stopOnError messages "header: "
  headerCommands state ictx mps header

unsafe def baseOptions (heartbeats : Nat) : Options :=
  let o : Options := {}
  let o := o.setBool `autoImplicit false
  let o := o.setBool `relaxedAutoImplicit false
  let o := o.setBool `Elab.async false
  let o := o.setBool `debug.skipKernelTC true
  let o := o.setBool `linter.all false
  o.setNat `maxHeartbeats heartbeats

unsafe def baseState (env : Environment) (heartbeats : Nat) : IO Command.State := do
  let state := Command.mkState env {} (baseOptions heartbeats)
  -- A library that has these notations keeps its own.
  match Parser.runParserCategory env `term "ℕ" with
  | .ok stx => unless stx.isIdent do return state
  | .error _ => pure ()
  let frontend ← IO.processCommands (inputContext baseHeader "base") {} state
  return frontend.commandState

/- ## Statements -/

/-- A statement elaborated on its own, and the state its proofs are elaborated in. What the header or the statement
adds to the library (a matcher, the lemma behind a `by`) no kernel has seen yet. -/
structure Prepared where
  key : String
  library : Environment
  /-- After the statement alone: what its constants are. -/
  alone : Environment
  state : Command.State
  stx : Syntax
  name : Name
  type : Expr
  levelParams : List Name

/-- The library's theorem of the same name stays; ours gets another last component. -/
unsafe def freeName (env : Environment) (ns id : Name) : Name :=
  if env.contains (ns ++ id) then
    match id with
    | .str p s => .str p (s ++ "_judged")
    | n => n ++ `judged
  else id

/-- Not every lemma has the attribute, and not every attribute can be taken off: then nothing happens. -/
unsafe def withoutAttribute (state : Command.State) (attr : String) (name : Name) : IO Command.State := do
  match Parser.runParserCategory state.env `command s!"attribute [-{attr}] {showName name}" with
  | .error _ => return state
  | .ok stx =>
    let after ← runCommand state stx ""
    return if after.messages.hasErrors then state else after

unsafe def withoutLemmas (state : Command.State) (names : Array Name) (i : Nat) : IO Command.State := do
  if i < names.size then
    let state ← withoutAttribute state "simp" names[i]!
    let state ← withoutAttribute state "grind" names[i]!
    withoutLemmas state names (i + 1)
  else return state

unsafe def prepare (library : Environment) (base : Command.State) (key statement : String) (forbidden : Array Name) :
    Judging Prepared := do
  let text := statement ++ "\n:= sorry"
  match Parser.runParserCategory base.env `command text "statement" with
  | .error e => stop "rejected" ("statement: " ++ oneLine e)
  | .ok stx =>
    checkShape stx
    let ns := (scopeOf base).currNamespace
    let id := freeName base.env ns stx[1][1][0].getId
    let stx := stx.setArg 1 (stx[1].setArg 1 (stx[1][1].setArg 0 (mkIdentFrom stx[1][1][0] id)))
    let alone ← runCommand base stx text
    stopOnError alone.messages "statement: "
    match alone.env.find? (ns ++ id) with
    | some info =>
      if info.type.hasSorry then stop "forbidden" "sorry is not allowed in a statement"
      let state ← withoutLemmas base forbidden 0
      return { key, library, alone := alone.env, state, stx, name := ns ++ id, type := info.type,
               levelParams := info.levelParams }
    | none => stop "rejected" "the statement declares no theorem"

/- ## What no proof may cite -/

/-- A name the request forbids, or one that the library generated for it (`X._simp_1`). -/
unsafe def isForbidden (forbidden : Array Name) (n : Name) : Bool :=
  (findIdx (fun i => forbidden[i]!.isPrefixOf n) forbidden.size 0).isSome

unsafe def contains (names : Array Name) (n : Name) : Bool := (findIdx (fun i => names[i]! == n) names.size 0).isSome

/-- The type with its universe parameters numbered in the order in which they occur. -/
unsafe def canonicalType (type : Expr) : Expr :=
  if !type.hasLevelParam then type
  else
    let params := (collectLevelParams {} type).params
    type.instantiateLevelParamsArray params (numbered params.size 0 #[])
where
  numbered (n i : Nat) (acc : Array Level) : Array Level :=
    if i < n then numbered n (i + 1) (acc.push (.param (.num `u i))) else acc

/-- The depth tells most types apart, at no cost. -/
unsafe def sameType (p : Prepared) (info : ConstantInfo) : Bool :=
  info.type.approxDepth == p.type.approxDepth && canonicalType info.type == canonicalType p.type

unsafe def isAxiom (library : Environment) (info : ConstantInfo) : Bool :=
  match info with
  | .axiomInfo _ =>
    match getOriginalConstKind? library info.name with
    | some .thm | some .defn | some .opaque => false
    | _ => true
  | _ => false

/-- Of the library's constants that a proof uses directly. -/
unsafe def audit (p : Prepared) (forbidden used : Array Name) (i : Nat) : Judging Unit := do
  if i < used.size then
    let n := used[i]!
    if contains bannedConstants n then stop "forbidden" s!"the proof uses {showName n}"
    if isForbidden forbidden n then stop "forbidden" s!"the proof cites {showName n}, which is what is to be proved"
    match p.library.find? n with
    | some info =>
      if isAxiom p.library info && !contains allowedAxioms n then stop "forbidden" s!"the proof uses the axiom {showName n}"
      if forbidden.size > 0 && sameType p info then
        stop "forbidden" s!"the proof cites {showName n}, which is what is to be proved"
    | none => pure ()
    audit p forbidden used (i + 1)
  else return ()

/- ## Protocol: one JSON request a line on stdin, one JSON answer a line on stdout, with the request's `id` and behind the
nonce that is the first line of stdin. -/

structure Server where
  env : Environment
  /-- Base states by (heartbeats, header), most recent first. -/
  headers : List (String × Command.State) := []
  /-- Attempts at one statement tend to come together. -/
  prepared : Option Prepared := none

unsafe def headersKept : Nat := 16

unsafe def field (j : Json) (key : String) : String :=
  match j.getObjVal? key with
  | .ok (.str s) => s
  | _ => ""

unsafe def natField (j : Json) (key : String) (default : Nat) : Nat :=
  match j.getObjVal? key with
  | .ok (.num n) => n.mantissa.toNat
  | _ => default

unsafe def boolField (j : Json) (key : String) : Bool :=
  match j.getObjVal? key with
  | .ok (.bool b) => b
  | _ => false

unsafe def items (j : Json) (key : String) : Array Json :=
  match j.getObjVal? key with
  | .ok (.arr items) => items
  | _ => #[]

unsafe def strings (items : Array Json) (i : Nat) (acc : Array String) : Array String :=
  if i < items.size then
    strings items (i + 1) (match items[i]! with | .str s => acc.push s | _ => acc)
  else acc

unsafe def listField (j : Json) (key : String) : Array String := strings (items j key) 0 #[]

unsafe def toNames (texts : Array String) (i : Nat) (acc : Array Name) : Array Name :=
  if i < texts.size then toNames texts (i + 1) (acc.push texts[i]!.toName) else acc

unsafe def forbiddenOf (j : Json) : Array Name := toNames (listField j "forbidden") 0 #[]

unsafe def heartbeatsOf (j : Json) : Nat := natField j "heartbeats" 20000

/-- The kernel counts in thousandths, and in 32 bits on the embedded build. -/
unsafe def kernelHeartbeats (j : Json) : Nat := min (heartbeatsOf j * 1000) 4000000000

unsafe def lookup (key : String) (entries : List (String × Command.State)) : Option Command.State :=
  match entries with
  | [] => none
  | (k, s) :: rest => if k == key then some s else lookup key rest

unsafe def firstOf {α : Type} (n : Nat) (items : List α) : List α :=
  match n, items with
  | n + 1, item :: rest => item :: firstOf n rest
  | _, _ => []

/-- The state after the header, from the cache or made and kept. -/
unsafe def stateFor (server : IO.Ref Server) (header : String) (heartbeats : Nat) : Judging Command.State := do
  let key := s!"{heartbeats}\n{header}"
  let s ← server.get
  match lookup key s.headers with
  | some state => return state
  | none =>
    let base ← baseState s.env heartbeats
    let state ← processHeader base header
    server.modify fun s => { s with headers := (key, state) :: firstOf headersKept s.headers }
    return state

unsafe def joined (texts : Array String) (i : Nat) (acc : String) : String :=
  if i < texts.size then joined texts (i + 1) (acc ++ "\x00" ++ texts[i]!) else acc

/-- The statement of a request, elaborated on its own. For proofs to be elaborated after it, tactics are made to forget
what the request forbids. -/
unsafe def preparedFor (server : IO.Ref Server) (j : Json) (forProofs : Bool) : Judging Prepared := do
  let header := field j "header"
  let statement := field j "statement"
  let key := "\x00".intercalate [toString (heartbeatsOf j), header, statement, joined (listField j "forbidden") 0 ""]
  match (← server.get).prepared with
  | some p => if p.key == key then return p
  | none => pure ()
  let state ← stateFor server header (heartbeatsOf j)
  let p ← prepare (← server.get).env state key statement (if forProofs then forbiddenOf j else #[])
  server.modify fun s => { s with prepared := some p }
  return p

unsafe def nameList (names : Array Name) (i : Nat) (acc : Array Json) : Json :=
  if i < names.size then nameList names (i + 1) (acc.push (.str (showName names[i]!))) else .arr acc

unsafe def outcomeJson (o : Outcome) : Json :=
  Json.mkObj [("verdict", .str o.verdict), ("reason", .str o.reason), ("axioms", nameList o.axioms 0 #[]),
    ("premises", nameList o.premises 0 #[]), ("proof", o.proof)]

unsafe def fault (why : String) : Json := Json.mkObj [("fault", .str why)]

/-- What escapes as an exception is our own failure. -/
unsafe def settled (work : Judging Json) (stopped : Outcome → Json) : IO Json := do
  let start ← IO.monoMsNow
  let result ← match ← work.run.toBaseIO with
    | .ok (.ok j) => pure j
    | .ok (.error o) => pure (stopped o)
    | .error e => pure (fault (oneLine e.toString))
  return result.setObjVal! "ms" (.num ((← IO.monoMsNow) - start))

/-- Standard output as it was before anything was judged: a program could put another in its place. -/
unsafe def say (out : IO.FS.Stream) (nonce : String) (j : Json) : IO Unit := do
  out.putStr (nonce ++ j.compress ++ "\n")
  out.flush

unsafe def serve (input out : IO.FS.Stream) (nonce : String) (answer : Json → IO Json) : IO Unit := do
  let line ← input.getLine
  if line.isEmpty then return
  match Json.parse line with
  | .ok j => say out nonce ((← answer j).setObjVal! "id" ((j.getObjVal? "id").toOption.getD .null))
  | .error e => say out nonce (fault ("request: " ++ e))
  serve input out nonce answer

unsafe def importsOf (modules : List String) (acc : Array Import) : Array Import :=
  match modules with
  | [] => acc
  | m :: rest => importsOf rest (acc.push { module := m.toName })

/-- Arguments: Lean's sysroot, then the modules that statements may use. Imports them once and answers until the end
of stdin. -/
unsafe def run (args : List String) (answer : IO.Ref Server → Json → IO Json) : IO UInt32 := do
  let input ← IO.getStdin
  let out ← IO.getStdout
  let nonce := (← input.getLine).trimAscii.toString
  enableInitializersExecution
  match args with
  | [] => say out nonce (fault "no sysroot among the arguments"); return 1
  | sysroot :: modules =>
    initSearchPath sysroot
    let env ← importModules (importsOf modules #[]) {} (loadExts := true)
    let server ← IO.mkRef { env : Server }
    say out nonce (Json.mkObj [("ready", .str Lean.versionString)])
    serve input out nonce (answer server)
    return 0
