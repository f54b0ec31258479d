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
	// Rotated is when Refresh replaced the number before. It is zero if there was
	// none.
	Rotated time.Time
	// Retried reports whether the number before was used once more.
	Retried bool
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

// CheckRefresh is Refreshable of a store on the state itself. A number that is
// neither valid nor retried was used before, or two parties have the token.
func (s *GrantState) CheckRefresh(number uint32, now time.Time) error {
	switch {
	case !now.Before(s.Expires):
		return ErrUnknown
	case number == 0 || number != s.Refresh && !s.retries(number, now):
		s.Revoked = true
		return ErrReplayed
	case s.Revoked:
		return ErrRevoked
	}
	return nil
}

// retries reports whether a client may use a number again, because it may never
// have received the next one. Once it uses the next one, it has received it.
func (s *GrantState) retries(number uint32, now time.Time) bool {
	return number+1 == s.Refresh && !s.Retried && !s.Rotated.IsZero() && now.Before(s.Rotated.Add(RetryWindow))
}

// Rotate is RotateRefresh of a store on the state itself.
func (s *GrantState) Rotate(number uint32, now time.Time) error {
	if err := s.CheckRefresh(number, now); err != nil {
		return err
	}
	if number != s.Refresh {
		s.Retried = true
		return nil
	}
	s.Refresh, s.Rotated, s.Retried = number+1, now, false
	return nil
}
