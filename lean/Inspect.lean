/-
What a statement is like: elaborates or not, its hash, what it mentions, and probes of whether it is worth proving.
Follows Statement.lean. It decides nothing about proofs.
-/

/- ## Inspecting -/

structure Inspection where
  ok : Bool
  reason : String := ""
  typeHash : String := ""
  constants : Array Name := #[]
  aliases : Array Name := #[]
  hollow : Option String := none
  trivial : Option String := none
  refuted : Option String := none

/-- A hash of the structure alone: bound names, binder kinds and annotations do not count. -/
unsafe def structuralHash (e : Expr) : UInt64 :=
  match e with
  | .bvar i => mixHash 11 i.toUInt64
  | .fvar id => mixHash 12 (hash id.name)
  | .mvar id => mixHash 13 (hash id.name)
  | .sort l => mixHash 14 (hash l)
  | .const n ls => mixHash (mixHash 15 (hash n)) (levels ls 16)
  | .app f a => mixHash (mixHash 17 (structuralHash f)) (structuralHash a)
  | .lam _ t b _ => mixHash (mixHash 18 (structuralHash t)) (structuralHash b)
  | .forallE _ t b _ => mixHash (mixHash 19 (structuralHash t)) (structuralHash b)
  | .letE _ t v b _ => mixHash (mixHash (mixHash 20 (structuralHash t)) (structuralHash v)) (structuralHash b)
  | .lit (.natVal n) => if n < 18446744073709551616 then mixHash 21 (hash n) else mixHash 24 (hash (toString n))
  | .lit (.strVal s) => mixHash 22 (hash s)
  | .mdata _ b => structuralHash b
  | .proj s i b => mixHash (mixHash (mixHash 23 (hash s)) i.toUInt64) (structuralHash b)
where
  levels (ls : List Level) (acc : UInt64) : UInt64 :=
    match ls with
    | [] => acc
    | l :: rest => levels rest (mixHash acc (hash l))

unsafe def hexDigits (n width : Nat) (acc : String) : String :=
  if width == 0 then acc else hexDigits (n / 16) (width - 1) (String.singleton (Nat.digitChar (n % 16)) ++ acc)

unsafe def typeHashOf (type : Expr) : String := hexDigits (structuralHash (canonicalType type)).toNat 16 ""

/-- The library's theorems by the hash of their type: buckets, since hash maps do not compile here. -/
structure TypeIndex where
  buckets : Array (List ConstantInfo)

unsafe def bucketCount : Nat := 262144

unsafe def bucketOf (type : Expr) : Nat := (canonicalType type).hash.toNat % bucketCount

unsafe def indexModule (constants : Array ConstantInfo) (i : Nat) (index : TypeIndex) : TypeIndex :=
  if i < constants.size then
    let info := constants[i]!
    let keep := match info with
      | .axiomInfo _ => true
      | .thmInfo _ => true
      | _ => false
    if keep && !info.name.isInternalDetail then
      let b := bucketOf info.type
      let buckets := index.buckets
      indexModule constants (i + 1) { buckets := buckets.set! b (info :: buckets[b]!) }
    else indexModule constants (i + 1) index
  else index

unsafe def indexModules (modules : Array ModuleData) (i : Nat) (index : TypeIndex) : TypeIndex :=
  if i < modules.size then indexModules modules (i + 1) (indexModule modules[i]!.constants 0 index) else index

unsafe def buildIndex (env : Environment) : TypeIndex :=
  indexModules env.header.moduleData 0 { buckets := Array.replicate bucketCount [] }

unsafe def aliasesIn (p : Prepared) (entries : List ConstantInfo) (acc : Array Name) : Array Name :=
  match entries with
  | [] => acc
  | info :: rest => aliasesIn p rest (if sameType p info && !contains acc info.name then acc.push info.name else acc)

/- ## Probes: is a statement worth proving? -/

/-- Runs a meta-program on the statement's own state; `none` when it fails or runs out of heartbeats. -/
unsafe def runMeta {α : Type} (state : Command.State) (heartbeats : Nat) (x : MetaM α) : IO (Option α) := do
  let ctx : Core.Context :=
    { fileName := "probe", fileMap := FileMap.ofString "", options := (scopeOf state).opts,
      maxHeartbeats := heartbeats * 1000, initHeartbeats := ← IO.getNumHeartbeats }
  match ← ((Meta.MetaM.run' x).run ctx { env := state.env }).toIO' with
  | .ok (a, _) => return some a
  | .error _ => return none

structure Binder where
  name : Name
  type : Expr
  info : BinderInfo
deriving Inhabited

unsafe def bindersOf (e : Expr) (acc : Array Binder) : Array Binder × Expr :=
  match e with
  | .forallE n t b info => bindersOf b (acc.push { name := n, type := t, info })
  | .mdata _ b => bindersOf b acc
  | goal => (acc, goal)

/-- The same binders over another conclusion, which mentions none of them. -/
unsafe def withGoal (e goal : Expr) : Expr :=
  match e with
  | .forallE n t b info => .forallE n t (withGoal b goal) info
  | .mdata _ b => withGoal b goal
  | _ => goal

/-- `Expr.getAppArgs` does not compile here. -/
unsafe def appArgs (e : Expr) : Array Expr :=
  match e with
  | .app f a => (appArgs f).push a
  | _ => #[]

unsafe def isReflexive (goal : Expr) : Bool :=
  let fn := goal.getAppFn
  let args := appArgs goal
  (fn.isConstOf ``Eq && args.size == 3 && args[1]! == args[2]!) ||
    (fn.isConstOf ``Iff && args.size == 2 && args[0]! == args[1]!) ||
    (fn.isConstOf ``HEq && args.size == 4 && args[1]! == args[3]!)

unsafe def hasShadowing (bs : Array Binder) : Bool :=
  (findIdx (fun i =>
    let n := bs[i]!.name
    !n.isAnonymous && !n.hasMacroScopes && !n.isInternal && bs[i]!.info != .instImplicit &&
      (findIdx (fun j => bs[j]!.name == n) bs.size (i + 1)).isSome) bs.size 0).isSome

unsafe def goalIsHypothesis (bs : Array Binder) (goal : Expr) : Bool :=
  (findIdx (fun i => bs[i]!.type.liftLooseBVars 0 (bs.size - i) == goal) bs.size 0).isSome

/-- What can be read off the shape of the type. -/
unsafe def hollowShape (bs : Array Binder) (goal : Expr) : Option String :=
  if isReflexive goal then some "reflexive"
  else if hasShadowing bs then some "shadowed"
  else if goalIsHypothesis bs goal then some "goal-is-hypothesis"
  else none

/-- Is one of the binders a hypothesis? A conclusion may hang on it though it mentions no variable. -/
unsafe def hasHypothesis (type : Expr) : MetaM Bool := do
  match type with
  | .forallE _ d b _ =>
    if ← Meta.isProp d then return true else hasHypothesis (b.instantiate1 (← Meta.mkFreshExprMVar d))
  | .mdata _ b => hasHypothesis b
  | _ => return false

/-- Does this tactic close the goal, without sorry and without what the request forbids? -/
unsafe def closes (state : Command.State) (type : Expr) (forbidden : Array Name) (tactic : String) (heartbeats : Nat) :
    IO Bool := do
  match Parser.runParserCategory state.env `tactic tactic with
  | .error _ => return false
  | .ok stx =>
    let attempt : MetaM (Option Expr) := do
      let goal ← Meta.mkFreshExprMVar type
      let (left, _) ← Elab.runTactic goal.mvarId! stx
      match left with
      | [] => return some (← instantiateMVars goal)
      | _ => return none
    match ← runMeta state heartbeats attempt with
    | some (some value) =>
      let used := value.getUsedConstants
      return !value.hasSorry && !value.hasExprMVar &&
        (findIdx (fun i => isForbidden forbidden used[i]! || contains bannedConstants used[i]!) used.size 0).isNone
    | _ => return false

unsafe def firstThatCloses (state : Command.State) (type : Expr) (forbidden : Array Name) (tactics : List String)
    (heartbeats : Nat) : IO (Option String) := do
  match tactics with
  | [] => return none
  | t :: rest =>
    if ← closes state type forbidden ("(intros; " ++ t ++ ")") heartbeats then return some t
    firstThatCloses state type forbidden rest heartbeats

unsafe def probeHeartbeats : Nat := 2000

/-- Hypotheses that contradict each other, as far as a cheap tactic sees. -/
unsafe def isVacuous (p : Prepared) : IO Bool := do
  let found ← firstThatCloses p.state (withGoal p.type (mkConst ``False)) #[]
    ["omega", "contradiction", "simp_all", "grind"] probeHeartbeats
  return found.isSome

unsafe def hollowOf (p : Prepared) : IO (Option String) := do
  let (bs, goal) := bindersOf p.type #[]
  match hollowShape bs goal with
  | some h => return some h
  | none =>
    -- That its hypotheses contradict each other may be all that a statement says.
    if bs.size == 0 || goal.isConstOf ``False then return none
    if !goal.hasLooseBVars then
      if let some false ← runMeta p.state probeHeartbeats (hasHypothesis p.type) then return some "unused-everything"
    return if ← isVacuous p then some "vacuous" else none

unsafe def trivialBy (p : Prepared) (forbidden : Array Name) : IO (Option String) :=
  firstThatCloses p.state p.type forbidden ["rfl", "simp", "omega", "decide", "exact Classical.em _"] probeHeartbeats

/- ### Small counterexamples -/

unsafe def concat (a b : Array Expr) (i : Nat) : Array Expr := if i < b.size then concat (a.push b[i]!) b (i + 1) else a

unsafe def eachApplied (f : Expr → MetaM Expr) (items : Array Expr) (i : Nat) (acc : Array Expr) :
    MetaM (Array Expr) := do
  if i < items.size then eachApplied f items (i + 1) (acc.push (← f items[i]!)) else return acc

unsafe def listExpr (α : Expr) (items : List Expr) : MetaM Expr := do
  match items with
  | [] => Meta.mkAppOptM ``List.nil #[some α]
  | x :: rest => Meta.mkAppM ``List.cons #[x, ← listExpr α rest]

unsafe def listsOver (α : Expr) (vs : Array Expr) : MetaM (Array Expr) := do
  let a := vs[0]!
  let b := if vs.size > 1 then vs[1]! else a
  let c := if vs.size > 2 then vs[2]! else a
  return #[← listExpr α [], ← listExpr α [a], ← listExpr α [b], ← listExpr α [a, b], ← listExpr α [b, a],
    ← listExpr α [a, a], ← listExpr α [b, c, a], ← listExpr α [c, b, b]]

unsafe def constantFunction (domain v : Expr) : MetaM Expr := return .lam `x domain v .default

/-- A handful of closed values of a type; none for types not known here. -/
unsafe def valuesOf (type : Expr) : MetaM (Array Expr) := do
  let type ← Meta.whnfR type
  match type with
  | .sort .zero => return #[mkConst ``True, mkConst ``False]
  | .sort _ => return #[mkConst ``Nat, mkConst ``Bool]
  | .forallE _ d b _ =>
    if b.hasLooseBVars then return #[]
    let constants ← eachApplied (constantFunction d) (← valuesOf b) 0 #[]
    return concat (← specialFunctions d (← Meta.whnfR b)) constants 0
  | _ =>
    let args := appArgs type
    match type.getAppFn with
    | .const ``Nat _ => return #[mkNatLit 0, mkNatLit 1, mkNatLit 2, mkNatLit 3, mkNatLit 5]
    | .const ``Int _ => return #[toExpr (0 : Int), toExpr (1 : Int), toExpr (-1 : Int), toExpr (2 : Int), toExpr (-3 : Int)]
    | .const ``Bool _ => return #[mkConst ``true, mkConst ``false]
    | .const ``Unit _ => return #[mkConst ``Unit.unit]
    | .const ``PUnit us => return #[mkConst ``PUnit.unit us]
    | .const ``Char _ => return #[toExpr 'a', toExpr 'b']
    | .const ``String _ => return #[toExpr "", toExpr "a", toExpr "ab"]
    | .const ``List _ =>
      let vs ← valuesOf args[0]!
      if vs.size == 0 then return #[] else listsOver args[0]! vs
    | .const ``Array _ =>
      let vs ← valuesOf args[0]!
      if vs.size == 0 then return #[]
      eachApplied (fun l => Meta.mkAppM ``List.toArray #[l]) (← listsOver args[0]! vs) 0 #[]
    | .const ``Option _ =>
      let vs ← valuesOf args[0]!
      let some ← eachApplied (fun v => Meta.mkAppM ``Option.some #[v]) vs 0 #[]
      return concat #[← Meta.mkAppOptM ``Option.none #[args[0]!]] some 0
    | .const ``Prod _ =>
      let xs ← valuesOf args[0]!
      let ys ← valuesOf args[1]!
      if xs.size == 0 || ys.size == 0 then return #[]
      let x' := xs[xs.size - 1]!
      let y' := ys[ys.size - 1]!
      return #[← Meta.mkAppM ``Prod.mk #[xs[0]!, ys[0]!], ← Meta.mkAppM ``Prod.mk #[x', y'],
        ← Meta.mkAppM ``Prod.mk #[xs[0]!, y']]
    | .const ``Fin _ =>
      match (← Meta.whnf args[0]!).rawNatLit? with
      | some (n + 1) => finsBelow (n + 1) 0 #[]
      | _ => return #[]
    | _ => return #[]
where
  finsBelow (n i : Nat) (acc : Array Expr) : MetaM (Array Expr) := do
    if i < n && i < 4 then
      let lt ← Meta.mkLt (mkNatLit i) (mkNatLit n)
      finsBelow n (i + 1) (acc.push (mkApp3 (mkConst ``Fin.mk) (mkNatLit n) (mkNatLit i) (← Meta.mkDecideProof lt)))
    else return acc
  specialFunctions (d b : Expr) : MetaM (Array Expr) := do
    let x := Expr.bvar 0
    let identity := if d == b then #[Expr.lam `x d x .default] else #[]
    if d.isConstOf ``Nat && b.isConstOf ``Nat then
      return identity.push (.lam `x d (mkApp (mkConst ``Nat.succ) x) .default)
    else if b.isProp then
      let vs ← valuesOf d
      if vs.size == 0 then return #[]
      return #[.lam `x d (mkApp3 (mkConst ``Eq [← Meta.getLevel d]) d x vs[0]!) .default]
    else if b.isConstOf ``Bool && d.isConstOf ``Nat then
      return #[.lam `x d (mkApp2 (mkConst ``Nat.beq) x (mkNatLit 0)) .default,
        .lam `x d (mkApp2 (mkConst ``Nat.ble) x (mkNatLit 1)) .default]
    else return identity

/-- Which value binder `i` takes in trial `k`: the first trials take like with like, later ones mix. -/
unsafe def pick (k i size : Nat) : Nat :=
  if k < 6 then k % size else ((k * 2654435761 + i * 40503 + k * i * 97) / 64) % size

/-- How far the kernel goes for one instance: much further than small ones need. -/
unsafe def instanceHeartbeats : Nat := 30000

/-- Does the kernel accept `Eq.refl value` as a proof that this closed proposition is so decided? `none` when it runs out of
heartbeats first. -/
unsafe def decidesTo (value : Bool) (p : Expr) : MetaM (Option Bool) := do
  match ← Meta.synthInstance? (mkApp (mkConst ``Decidable) p) with
  | none => return some false
  | some inst =>
    let (name, bool) := if value then (``of_decide_eq_true, ``Bool.true) else (``of_decide_eq_false, ``Bool.false)
    let proof := mkApp3 (mkConst name) p inst (mkApp2 (mkConst ``Eq.refl [1]) (mkConst ``Bool) (mkConst bool))
    let type := if value then p else mkNot p
    let decl := Declaration.thmDecl { name := `counterexample, levelParams := [], type, value := proof }
    match addInKernel (← getEnv).toKernelEnv instanceHeartbeats decl with
    | .ok _ => return some true
    | .error .deterministicTimeout => return none
    | .error _ => return some false

/-- The statement at one small instance, and the values chosen, the last first. Hypotheses that later types do not mention
stay. -/
unsafe def instanceAt (k i : Nat) (type : Expr) (chosen : List (Name × Expr)) :
    MetaM (Option (Expr × List (Name × Expr))) := do
  match type with
  | .mdata _ b => instanceAt k i b chosen
  | .forallE n d b info =>
    if ← Meta.isProp d then
      if !b.hasLooseBVar 0 then
        match ← instanceAt k i (b.lowerLooseBVars 1 1) chosen with
        | some (rest, chosen) => return some (.forallE n d rest info, chosen)
        | none => return none
      else match ← decidesTo true d with
        | some true => instanceAt k i (b.instantiate1 (← Meta.mkDecideProof d)) chosen
        | _ => return none
    else if info == .instImplicit then
      match ← Meta.synthInstance? d with
      | some inst => instanceAt k i (b.instantiate1 inst) chosen
      | none => return none
    else
      let vs ← valuesOf d
      if vs.size == 0 then return none
      let v := vs[pick k i vs.size]!
      instanceAt k (i + 1) (b.instantiate1 v) ((n, v) :: chosen)
  | goal => return some (goal, chosen)

unsafe def showChosen (chosen : List (Name × Expr)) (after : String) : MetaM String := do
  match chosen with
  | [] => return if after.isEmpty then "false as it stands" else after
  | (n, v) :: before =>
    let text := showName n.eraseMacroScopes ++ " := " ++ (toString (← Meta.ppExpr v))
    showChosen before (if after.isEmpty then text else text ++ ", " ++ after)

unsafe def trials : Nat := 200

unsafe def searchRefutation (type : Expr) (k : Nat) (tried : Array Expr) : MetaM (Option String) := do
  if k ≥ trials then return none
  match ← instanceAt k 0 type [] with
  | some (body, chosen) =>
    if body.hasFVar || body.hasExprMVar || body.hasLooseBVars then return none
    -- Where there are few values the same instance comes again.
    if (findIdx (fun i => tried[i]! == body) tried.size 0).isSome then searchRefutation type (k + 1) tried
    else
      match ← decidesTo false body with
      | some true => return some (← showChosen chosen "")
      | some false => searchRefutation type (k + 1) (tried.push body)
      | none => return none
  | none => searchRefutation type (k + if k < 12 then 1 else 7) tried

unsafe def zeros (levels : List Name) : List Level :=
  match levels with
  | [] => []
  | _ :: rest => .zero :: zeros rest

unsafe def refutedBy (p : Prepared) : IO (Option String) := do
  let type := p.type.instantiateLevelParams p.levelParams (zeros p.levelParams)
  match ← runMeta p.state (probeHeartbeats * 5) (searchRefutation type 0 #[]) with
  | some (some found) => return some found
  | _ =>
    let tactic ← firstThatCloses p.state (mkNot type) #[] ["simp", "omega", "grind"] probeHeartbeats
    return tactic.map fun t => "its negation, by " ++ t


/- ## Answers -/

unsafe def indexOf (index : IO.Ref (Option TypeIndex)) (env : Environment) : IO TypeIndex := do
  match ← index.get with
  | some built => return built
  | none =>
    let built := buildIndex env
    index.set (some built)
    return built

unsafe def orNull (o : Option String) : Json :=
  match o with
  | some s => .str s
  | none => .null

unsafe def inspectionJson (i : Inspection) : Json :=
  Json.mkObj [("ok", .bool i.ok), ("reason", .str i.reason), ("typeHash", .str i.typeHash),
    ("constants", nameList i.constants 0 #[]), ("aliases", nameList i.aliases 0 #[]), ("hollow", orNull i.hollow),
    ("trivial", orNull i.trivial), ("refuted", orNull i.refuted)]

unsafe def notInspected (o : Outcome) : Json := inspectionJson { ok := false, reason := o.reason }

unsafe def inspectRequest (index : IO.Ref (Option TypeIndex)) (server : IO.Ref Server) (j : Json) : Judging Json := do
  let p ← preparedFor server j true
  let probes := listField j "probes"
  let wants := fun (probe : String) => (findIdx (fun i => probes[i]! == probe) probes.size 0).isSome
  let built ← indexOf index (← server.get).env
  let aliases := aliasesIn p built.buckets[bucketOf p.type]! #[]
  let hollow ← if wants "hollow" then hollowOf p else pure none
  let trivial ← if wants "trivial" then trivialBy p (forbiddenOf j) else pure none
  let refuted ← if wants "refute" then refutedBy p else pure none
  return inspectionJson
    { ok := true, typeHash := typeHashOf p.type, constants := p.type.getUsedConstants, aliases, hollow, trivial, refuted }
