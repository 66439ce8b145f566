import 'quilltap-store'

// What this app keeps beside the store's own fields. The store keeps fields that it does not know
// as they are; telling TypeScript of them takes no more than this.
declare module 'quilltap-store' {
  interface ChatFields {
    /** Ids of the characters who speak in it, the most talkative first. */
    cast?: string[]
  }
  interface Chat extends ChatFields {}
  interface ChatCreate extends ChatFields {}

  interface MessageFields {
    speaker?: string
    characterId?: string
    /** The reply is a line that the character said before. */
    quote?: boolean
    editedAt?: string
  }
  interface Message extends MessageFields {}
  interface MessageCreate extends MessageFields {}
  interface MessageUpdate extends MessageFields {}
}
