import 'quilltap-store'

// What this app keeps beside the store's own fields; the store keeps unknown fields as they are.
declare module 'quilltap-store' {
  interface ChatCreate {
    cast?: string[]
  }
}
