import { normalizeBedrockInput } from '../../runner/steps/bedrock-input.ts'
import { documentPath, filterDocuments } from '../../runner/steps/documents-tree.ts'
import { resolvePointer } from '../../runner/steps/json-pointer.ts'
import { extractPath, extractSource } from '../../runner/steps/path-extract.ts'
import { renderToolArguments } from '../../runner/steps/tool-arguments.ts'
import { runTransform } from '../../runner/steps/transform.ts'
import type { PyDict } from '../../schema/language/index.ts'
import type { FunctionTable } from './compare.ts'
import { encode } from './recorded.ts'

/** The logic of single steps, called as the recordings called upstream's. */
export const stepFunctions: FunctionTable = {
  transform(input, decode) {
    const messages = (input['messages'] ?? []) as [role: string, content: unknown][]
    const last = messages.at(-1)?.[1]
    const userInput = (input['user_input'] ?? '') as string
    const taskState = { ...((input['task_state'] ?? {}) as object), user_input: userInput }
    return runTransform(decode(input['config']) as PyDict, {
      context: decode(input['context'] ?? {}) as PyDict,
      lastOutsideMessage: typeof last === 'string' ? last : undefined,
      userInput,
      taskState: decode(taskState) as PyDict,
    }).output
  },
  transform_source: ({ context, input_key }, decode) =>
    encode(extractSource(decode(context) as PyDict, (input_key ?? null) as string | null)),
  path_extract: ({ data, path }, decode) => encode(extractPath(decode(data) as PyDict, String(path)) ?? null),
  tool_args(input, decode) {
    const state = (input['task_state'] ?? {}) as { task?: unknown; first_state_in_iteration?: boolean }
    const args = input['args']
    return encode(
      renderToolArguments({
        args: args === null || args === undefined ? undefined : (decode(args) as PyDict),
        parameters: [],
        context: decode(input['context']) as PyDict,
        inputKey: input['input_key'] as string | undefined,
        firstItem: state.first_state_in_iteration === true ? decode(state.task) : undefined,
      }),
    )
  },
  json_pointer: ({ source, pointer }, decode) => encode(resolvePointer(decode(source), String(pointer))),
  filter_documents: ({ documents, pattern, filter }, decode) =>
    filterDocuments(
      decode(documents) as PyDict[],
      pattern as string | null,
      filter as string | null,
      () => undefined,
    ).map(documentPath),
  bedrock_input: ({ text, type }) => encode(normalizeBedrockInput(String(text), type as string | null)),
}
