package httpapi

import "slices"

// leaksRoutes are those of CONTRACT section 3.
func (h *Handler) leaksRoutes() []*endpoint {
	return slices.Concat(h.detailsRoutes(), h.exportRoutes(), h.keywordRoutes(), h.keyRoutes())
}
