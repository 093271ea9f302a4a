package httpapi

func (h *Handler) leaksRoutes() []*endpoint { return nil }
