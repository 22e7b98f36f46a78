"""Flow: an effect that moves any picture as footage moves (after Holynski et al., CVPR 2021; Li et al., CVPR 2024)."""
