import type { AnyMessage, Stream } from '@agentclientprotocol/sdk'
import type { MessageProgram } from '../process/message-program.ts'

/**
 * The messages of a program as the package of ACP wants them, but for what it tells of its work, which is heard here: the
 * package hands that on in its own time, after the answer that it belongs to, and prints what it cannot read. It also
 * prints answers that nobody asked for, so they are dropped.
 *
 * @param hear gets the params of each `session/update`, in order.
 */
export function messageStream(program: MessageProgram<AnyMessage>, hear: (params: unknown) => void): Stream {
  const asked = new Set<unknown>()
  let end: (() => void) | undefined
  const readable = new ReadableStream<AnyMessage>({
    start(controller) {
      program.onmessage = (message) => {
        if ('method' in message) {
          if (message.method === 'session/update' && !('id' in message)) hear(message.params)
          else controller.enqueue(message)
        } else if ('id' in message && asked.delete(message.id)) controller.enqueue(message)
      }
      end = () => controller.close()
    },
    cancel() {
      end = undefined
    },
  })
  program.onclose = () => {
    end?.()
    end = undefined
  }
  const writable = new WritableStream<AnyMessage>({
    write(message) {
      if ('method' in message && 'id' in message) asked.add(message.id)
      return program.send(message)
    },
  })
  return { readable, writable }
}
