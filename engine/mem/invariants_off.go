//go:build !invariants

package mem

// invariants switches the expensive checks on; see invariants_on.go.
const invariants = false

func (h *Heap) checkTake(*span, Ref)                    {}
func (h *Heap) checkFree(*span, uint32, Ref, int, Kind) {}
func (h *Heap) spoil(Ref, int)                          {}
func (h *Heap) poisonRun(Ref, int)                      {}
