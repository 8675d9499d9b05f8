package redact

// Stream masks a text that arrives in pieces, which may end within a secret. It
// is for one goroutine. The zero Stream, and one of a nil Set, masks nothing.
type Stream struct {
	Set  *Set
	held string // may be the first part of a secret
}

// Next takes the next piece and returns what can be shown of the text so far.
// It holds back what may be the first part of a secret.
func (s *Stream) Next(piece string) string {
	text := s.held + piece
	s.held = ""
	if s.Set == nil {
		return text
	}

	known := s.Set.matcher.Load()
	if known == nil {
		return text
	}
	shown, rest := known.split(text)
	s.held = rest

	return shown
}

// End returns what was held back: the text has ended, and it is no secret.
func (s *Stream) End() string {
	held := s.held
	s.held = ""
	return s.Set.Text(held)
}
