import type {
  BlockWork,
  Driver,
  LayerWork,
  PromptWork,
  ScriptWork,
  State,
  TextTest,
  UntilDriver,
} from '../workflow.ts'
import { assistantId } from './assistants.ts'
import { branchesOf, type Draft, type Entry, exitOf, type Piece } from './draft.ts'
import { testExpression, textLiteral } from './expressions.ts'
import { EMPTY, type Said, sessionAfter, touchesSession, viewOf } from './layers.ts'
import type { Outputs } from './outputs.ts'
import { taskOf } from './prompts.ts'

/** What a state finds where it stands. */
export interface Place {
  /** Expression for the text that it is handed. */
  readonly text: string
  /** What layers have said before it. */
  readonly session: readonly Said[]
  /** Names of outputs that the first pass of a loop does not have yet. */
  readonly later: ReadonlySet<string>
  /** Whether it can run again in the same run. */
  readonly repeats: boolean
  /** Whether other states follow, which can see what a layer leaves in the session. */
  readonly isLast: boolean
}

type Converted = Piece & { readonly session: readonly Said[] }

/** Turns states of Octomind into states of the other form, with what they cannot say as losses of the draft. */
export class StateConverter {
  readonly #draft: Draft
  readonly #outputs: Outputs

  constructor(draft: Draft, outputs: Outputs) {
    this.#draft = draft
    this.#outputs = outputs
  }

  convert(state: State, place: Place): Converted {
    const { work } = state
    switch (work.kind) {
      case 'prompt':
        return { ...this.#prompt(state, work, place), session: place.session }
      case 'layer':
        return this.#layer(state, work, place)
      case 'script':
        return { ...this.#script(state, work, place), session: place.session }
      case 'block':
        return this.#block(state, work, place)
      default:
        throw new Error(`a state of kind ${work.kind} in a workflow of Octomind`)
    }
  }

  /** States one after the other. */
  sequence(states: readonly State[], place: Place): Converted | undefined {
    let whole: Converted | undefined
    for (const [i, state] of states.entries()) {
      const { text, session } = whole ?? place
      const isLast = place.isLast && i === states.length - 1
      const piece = this.convert(state, { ...place, text, session, isLast })
      if (whole) this.#draft.join(whole.exits, piece, state.id)
      whole = whole ? { ...piece, entry: whole.entry, length: whole.length + piece.length } : piece
    }
    return whole
  }

  #prompt(state: State, work: PromptWork, place: Place, key = this.#outputs.keyOf(state)): Piece {
    const { assistant, prompt, session, folder } = work
    if (session === 'continue' && place.repeats) {
      this.#draft.lose(
        state.at,
        `'${state.id}' goes on with its conversation when it runs again; converted, it begins a new one, with its prompt`,
      )
    }
    this.#loseFolder(state, folder?.value)
    const task = taskOf(this.#draft, prompt, assistant.id, {
      expressionOf: (name) => this.#outputs.expressionOf(name),
      canBeEmpty: (name) => this.#outputs.canBeEmpty(name),
      later: place.later,
    })
    const { ref, model, ...rest } = assistant
    const isOwnModel = ref !== undefined && model !== undefined
    const asked = isOwnModel ? { ...rest, ref } : assistant
    const next = this.#agent(state, { assistant: asked, ...task, ...(isOwnModel ? { model } : {}) }, key)
    return { ...next, text: key }
  }

  #layer(state: State, work: LayerWork, place: Place, key = this.#outputs.text): Converted {
    this.#loseFolder(state, work.folder?.value)
    const { session } = place
    if (work.sees === 'session' && session.some(({ text }) => text !== EMPTY)) {
      this.#draft.lose(
        state.at,
        `'${state.id}' answers in the session, after its welcome and what layers left there; converted, it is told the text alone`,
      )
    }
    const task = { text: viewOf(work.sees, session, place.text), isTemplate: true }
    const { greeting: _welcome, ...silent } = work.assistant
    const assistant = work.sees === 'session' ? silent : work.assistant
    const piece = this.#agent(state, { assistant, ...task }, key)
    const said =
      state.output.includeInHistory && !place.isLast ? this.#draft.names.fresh(`${state.id} said`) : key
    const after = sessionAfter(state, session, said)
    if (said === key) return { ...piece, text: key, session: after }
    const { id, next } = this.#draft.transform(`remember ${state.id}`, [[said, key]])
    for (const { lead } of piece.exits) lead([id])
    return { entry: piece.entry, exits: [exitOf(next, false)], text: key, length: 2, session: after }
  }

  #agent(
    state: State,
    asked: {
      readonly assistant: PromptWork['assistant']
      readonly text: string
      readonly isTemplate: boolean
      readonly model?: string
    },
    key: string,
  ): Omit<Piece, 'text'> {
    const id = this.#draft.names.id(state.id)
    const next = this.#draft.state(
      {
        id,
        assistant_id: assistantId(this.#draft, asked.assistant),
        task: asked.text,
        resolve_dynamic_values_in_prompt: asked.isTemplate || undefined,
        model: asked.model,
        ...this.#attempts(state),
      },
      { output_key: key, store_in_context: false, include_in_llm_history: false },
    )
    return { entry: [id], exits: [exitOf(next, true)], length: 1 }
  }

  #attempts({ retry, timeoutMs, onError, at, id }: State): Entry {
    const most = 100
    if (retry.maxAttempts > most) this.#draft.lose(at, `'${id}' is tried ${most} times and no more`)
    const attempts = Math.min(retry.maxAttempts, most)
    return {
      retry_policy: attempts > 1 ? { initial_interval: 0, max_attempts: attempts } : undefined,
      timeout: timeoutMs === undefined ? undefined : timeoutMs / 1000,
      on_error: onError.length > 0 ? 'continue' : undefined,
    }
  }

  #script(state: State, { command, env, keepsText }: ScriptWork, place: Place): Piece {
    this.#draft.note(
      command.at,
      `'${state.id}' runs as run_command, for which policy.commands has to allow sh; a line break at the end of what it is handed or prints is left out`,
    )
    const variables = Object.entries(env).map(([name, value]) => `${name}=${shellWord(value)}`)
    const line =
      variables.length === 0
        ? command.value
        : `export ${variables.join(' ')} OCTOMIND_WORKING_DIR="$PWD"\n${command.value}`
    const id = this.#draft.names.id(state.id)
    const { text } = this.#outputs
    const printed = keepsText ? this.#draft.names.key(`${state.id} printed`) : text
    this.#draft.tools.push({ id, tool: 'run_command', tool_result_json_pointer: '/stdout' })
    const next = this.#draft.state(
      {
        id,
        tool_id: id,
        tool_args: { command: 'sh', args: ['-c', line], stdin: `{{ ${place.text} }}` },
        ...this.#attempts(state),
      },
      { output_key: printed, store_in_context: false, include_in_llm_history: false },
    )
    if (!keepsText) return { entry: [id], exits: [exitOf(next, true)], text, length: 1 }
    const after = this.#draft.transform(`after ${state.id}`, [
      [text, `${printed} if ${printed} != '' else ${place.text}`],
    ])
    next['state_id'] = after.id
    return { entry: [id], exits: [exitOf(after.next, false)], text, length: 2 }
  }

  #loseFolder({ id, at }: State, folder: string | undefined) {
    if (folder !== undefined)
      this.#draft.lose(
        at,
        `'${id}' works in the folder ${folder}; converted, it works in that of the repository`,
      )
  }

  #block(state: State, work: BlockWork, place: Place): Converted {
    const { driver, body } = work
    switch (driver.kind) {
      case 'once':
        return this.#once(state, driver, body, place)
      case 'until':
        this.#loseSession(state, body)
        return { ...this.#loop(state, driver, body, { ...place, isLast: false }), session: place.session }
      case 'for-each':
        return { ...this.#forEach(state, driver), session: place.session }
      case 'all':
        return this.#parallel(state, driver, body, place)
      case 'choose':
        if (!place.isLast) this.#loseSession(state, body)
        return this.#choice(state, driver, body, place)
    }
  }

  /** What comes of a session is known where each state runs once. */
  #loseSession({ id, at }: State, body: BlockWork['body']) {
    for (const one of body.filter(touchesSession)) {
      this.#draft.lose(
        at,
        `What '${one.id}' leaves in the session, or takes out of it, is not seen by what runs after it in '${id}' and behind it`,
      )
    }
  }

  #once(
    state: State,
    { orElse }: Extract<Driver, { kind: 'once' }>,
    body: BlockWork['body'],
    place: Place,
  ): Converted {
    if (orElse !== undefined) {
      this.#draft.lose(
        state.at,
        `When '${state.id}' fails, Octomind goes on with the text that came in; converted, the run fails`,
      )
    }
    return this.sequence(body, place) ?? this.#nothing(state, place)
  }

  #nothing({ id }: State, place: Place): Converted {
    const { id: own, next } = this.#draft.transform(id, [])
    return { entry: [own], exits: [exitOf(next, false)], text: place.text, length: 1, session: place.session }
  }

  #loop(state: State, { exit, maxIterations }: UntilDriver, body: BlockWork['body'], place: Place): Piece {
    const later = new Set(place.later)
    for (const { id } of body) later.add(id)
    let whole: Piece | undefined
    let text = place.text
    for (const one of body) {
      const piece = this.convert(one, { ...place, text, later: new Set(later), repeats: true })
      later.delete(one.id)
      if (whole) this.#draft.join(whole.exits, piece, one.id)
      whole = whole ? { ...piece, entry: whole.entry, length: whole.length + piece.length } : piece
      text = piece.text
    }
    if (!whole || maxIterations < 1) return this.#nothing(state, place)
    const { names } = this.#draft
    const [round, done] = [names.fresh(`${state.id} round`), names.fresh(`${state.id} done`)]
    this.#draft.beginnings.set(round, 0)
    const test = this.#test(state, exit, whole.text)
    const check = this.#draft.transform(`check ${state.id}`, [
      [round, `${round} + 1`],
      [done, `${round} >= ${maxIterations} or ${test}`],
      // The next time that the run comes here it counts from the beginning.
      [round, `0 if ${done} else ${round}`],
    ])
    for (const { lead } of whole.exits) lead([check.id])
    const { holds, fails } = branchesOf(check.next, done)
    fails.lead([this.#draft.single(whole, state.id)])
    return {
      entry: whole.entry,
      exits: [holds],
      text: whole.text,
      length: (whole.length + 2) * maxIterations,
    }
  }

  #test({ id, at }: State, test: TextTest, latest: string): string {
    const subject = test.of ? (this.#outputs.expressionOf(test.of.value) ?? latest) : latest
    const expression = testExpression(test, subject)
    if (expression !== undefined) return expression
    this.#draft.lose(
      test.matches?.at ?? at,
      `The pattern of '${id}' is more than fixed texts at the ends of lines, which is all that expressions can look for; converted, it never matches`,
    )
    return 'False'
  }

  #forEach(state: State, { of, pattern }: Extract<Driver, { kind: 'for-each' }>): Piece {
    const source = of ? `'${of.value}'` : 'the step before'
    this.#draft.lose(
      pattern.at,
      `'${state.id}' runs for every match of a pattern and is left out: CodeMie runs states for the items of a list in JSON. Have ${source} answer with an object that has a list, give it an output_schema, and lead it on with iter_key`,
    )
    const { id, next } = this.#draft.transform(state.id, this.#outputs.placeholders(state))
    return { entry: [id], exits: [exitOf(next, false)], text: this.#outputs.textOf(state), length: 1 }
  }

  #choice(
    state: State,
    { first, when, onMatch, onNoMatch, whenNone }: Extract<Driver, { kind: 'choose' }>,
    body: BlockWork['body'],
    place: Place,
  ): Converted {
    const before = first && this.convert(first, { ...place, isLast: false })
    const { text, session } = before ?? place
    const holdsKey = this.#outputs.holdsKey(state)
    const check = this.#draft.transform(`check ${state.id}`, [[holdsKey, this.#test(state, when, text)]])
    if (before) for (const { lead } of before.exits) lead([check.id])
    const branches = branchesOf(check.next, holdsKey)
    const side = (ids: readonly string[]) => {
      const chosen = ids.flatMap((id) => body.find((one) => one.id === id) ?? [])
      // Those of the other list have no output yet, whatever comes of them later.
      const later = new Set([...place.later, ...body.map(({ id }) => id)])
      for (const id of ids) later.delete(id)
      return this.sequence(chosen, { ...place, text, session, later })
    }
    const none = whenNone === 'empty' ? EMPTY : text
    const [yes, no] = [side(onMatch), side(onNoMatch)]
    if (yes) this.#draft.join([branches.holds], yes, state.id)
    if (no) this.#draft.join([branches.fails], no, state.id)
    const [yesText, noText] = [yes?.text ?? none, no?.text ?? none]
    for (const one of body) this.#outputs.beginEmpty(one)
    return {
      entry: before?.entry ?? [check.id],
      exits: [...(yes?.exits ?? [branches.holds]), ...(no?.exits ?? [branches.fails])],
      text: yesText === noText ? yesText : `(${yesText} if ${holdsKey} else ${noText})`,
      length: (before?.length ?? 0) + 2 + Math.max(yes?.length ?? 0, no?.length ?? 0),
      session,
    }
  }

  #parallel(
    state: State,
    driver: Extract<Driver, { kind: 'all' }>,
    body: BlockWork['body'],
    place: Place,
  ): Converted {
    const { join, minSuccess, aggregator, copies } = driver
    const total = body.reduce((sum, { id }) => sum + (copies[id] ?? 1), 0)
    if (minSuccess !== undefined) {
      this.#draft.lose(
        state.at,
        `'${state.id}' fails when fewer than ${minSuccess} of ${total} succeed; converted, it goes on however few do`,
      )
    }
    const pieces = body.map((one) => {
      const keys = this.#outputs.copyKeys(one, copies[one.id])
      return { state: one, keys, all: keys.map((key) => this.#copy(one, place, key)) }
    })
    const all = pieces.flatMap((one) => one.all)
    const text = this.#outputs.textOf(state)
    const labelled = (parts: readonly (readonly [label: string, expression: string])[]) =>
      `(${parts.map(([label, part]) => `('── ${label.replace(/['\\]/g, '\\$&')} ──\\n' + ${part}.strip() + '\\n\\n' if ${part}.strip() else '')`).join(' + ')}).strip()`
    const counted = pieces.flatMap(({ state: { id }, keys }) =>
      keys.length > 1
        ? [[this.#draft.names.key(id), labelled(keys.map((key, i) => [`${id} #${i + 1}`, key]))] as const]
        : [],
    )
    const parts = pieces.map(
      ({ state: { id }, keys: [key = EMPTY, ...more] }) =>
        [id, more.length > 0 ? this.#draft.names.key(id) : key] as const,
    )
    const whole =
      join.kind === 'labels'
        ? labelled(parts)
        : parts.map(([, part]) => part).join(` + ${textLiteral(join.text)} + `)
    const joined = this.#draft.transform(`join ${state.id}`, [...counted, [text, whole]])
    for (const { exits } of all) for (const { lead } of exits) lead([joined.id])
    const piece: Piece = {
      entry: all.flatMap(({ entry }) => entry),
      exits: [exitOf(joined.next, false)],
      text,
      length: 2 + Math.max(...all.map(({ length }) => length)),
    }
    if (!aggregator) return { ...piece, session: place.session }
    const last = this.convert(aggregator, { ...place, text })
    this.#draft.join(piece.exits, last, aggregator.id)
    return { ...last, entry: piece.entry, length: piece.length + last.length }
  }

  #copy(state: State, place: Place, key: string): Piece {
    const { work } = state
    if (work.kind === 'prompt') return this.#prompt(state, work, place, key)
    // What a layer leaves in the session beside others is gone anyway.
    const silent = { ...state, output: { ...state.output, includeInHistory: false } }
    return work.kind === 'layer' ? this.#layer(silent, work, place, key) : this.convert(silent, place)
  }
}

function shellWord(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
