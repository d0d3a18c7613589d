package mail

// PromptWhere is the condition of the mails that a person waits for.
var PromptWhere = prompt.where

// Prompt reports whether a person waits for mails of the kind.
func Prompt(k Kind) bool { return kinds[k].prompt }
