package store

import "time"

// GrantState is a grant and its current state.
type GrantState struct {
	Grant
	// Consumed reports whether the code was redeemed.
	Consumed bool
	// Revoked reports whether the grant was ended early.
	Revoked bool
	// Refresh is the number of the valid refresh token. It is 0 before the code
	// is redeemed.
	Refresh uint32
}

// Consume is ConsumeCode of a store on the state itself, for stores that load
// and save the state within a transaction. The state may change even if Consume
// fails.
func (s *GrantState) Consume(now time.Time) error {
	switch {
	case !now.Before(s.Expires):
		return ErrUnknown
	case s.CodeExpires.IsZero():
		s.Revoked = true
		return ErrUnknown
	case s.Consumed:
		s.Revoked = true
		return ErrReplayed
	}
	s.Consumed = true
	if !now.Before(s.CodeExpires) {
		s.Revoked = true
		return ErrUnknown
	}
	if s.Revoked {
		return ErrRevoked
	}
	s.Refresh = 1
	return nil
}

// CheckRefresh is Refreshable of a store on the state itself. Any number but the
// valid one was used before, or two parties have the token.
func (s *GrantState) CheckRefresh(number uint32, now time.Time) error {
	switch {
	case !now.Before(s.Expires):
		return ErrUnknown
	case number == 0 || number != s.Refresh:
		s.Revoked = true
		return ErrReplayed
	case s.Revoked:
		return ErrRevoked
	}
	return nil
}

// Rotate is RotateRefresh of a store on the state itself.
func (s *GrantState) Rotate(number uint32, now time.Time) error {
	if err := s.CheckRefresh(number, now); err != nil {
		return err
	}
	s.Refresh++
	return nil
}
