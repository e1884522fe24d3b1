import type { CallToolResult } from '@modelcontextprotocol/client'
import { decodeUtf8 } from '../process/run-process.ts'

/** What a call of a tool gave, as a step gets it. */
export interface ServerAnswer {
  /** The texts of the answer joined by line breaks, or, where it has none, its structured content as a JSON value. */
  readonly result: unknown
  /** The server says that the call failed; the result then tells why. */
  readonly isError: boolean
}

/**
 * Reads the answer of a tool. Whatever is no text is described in a line, e.g. `[image of type image/png, 2048 bytes]`.
 *
 * @param maxBytes of the text that is kept, as UTF-8; a note says how much was cut.
 */
export function readAnswer(
  { content, structuredContent, isError }: Pick<CallToolResult, 'content' | 'structuredContent' | 'isError'>,
  maxBytes: number,
): ServerAnswer {
  const parts = (content ?? []).map(textOfPart)
  const hasText = (content ?? []).length > 0
  const text = hasText ? parts.join('\n') : JSON.stringify(structuredContent ?? '')
  const cut = cutText(text, maxBytes)
  const isWhole = cut === text
  return {
    result: hasText || !isWhole ? cut : (structuredContent ?? ''),
    isError: isError === true,
  }
}

function textOfPart(part: CallToolResult['content'][number]): string {
  switch (part.type) {
    case 'text':
      return part.text
    case 'image':
    case 'audio':
      return `[${part.type} of type ${part.mimeType}, ${bytesIn(part.data)} bytes]`
    case 'resource_link':
      return `[resource ${part.name}: ${part.uri}]`
    case 'resource':
      return 'text' in part.resource
        ? part.resource.text
        : `[resource ${part.resource.uri}${part.resource.mimeType === undefined ? '' : ` of type ${part.resource.mimeType}`}, ${bytesIn(part.resource.blob)} bytes]`
  }
}

/** Bytes that a text in base64 stands for. */
function bytesIn(base64: string): number {
  return Math.floor((base64.replace(/=+$/, '').length * 3) / 4)
}

function cutText(text: string, maxBytes: number): string {
  if (text.length <= maxBytes / 3) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  return `${decodeUtf8(bytes.subarray(0, maxBytes), true)}\n[cut here: ${bytes.length - maxBytes} more bytes]`
}
